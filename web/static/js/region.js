// Drawing a part of the question's picture: drag a rectangle, let go, search it.
const MIN_SIDE = 0.03; // of a part, as a fraction of the picture; a shorter drag is a click

export function drawRegions() {
  for (const stage of document.querySelectorAll("[data-stage]")) new Stage(stage);
}

class Stage {
  constructor(stage) {
    this.stage = stage;
    this.rect = stage.querySelector("[data-drawing]");
    this.start = null;
    stage.classList.add("ready");
    stage.addEventListener("pointerdown", (event) => this.begin(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.end(event));
    stage.addEventListener("pointercancel", () => this.cancel());
    stage.addEventListener("dragstart", (event) => event.preventDefault());
    stage.addEventListener("click", (event) => { if (this.drew) event.preventDefault(); }, true);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.cancel(); });
  }

  begin(event) {
    if (event.button !== 0) return;
    this.drew = false;
    this.start = this.at(event);
  }

  move(event) {
    if (!this.start) return;
    const box = this.box(event);
    if (box.w < MIN_SIDE && box.h < MIN_SIDE) return;
    if (!this.stage.hasPointerCapture(event.pointerId)) this.stage.setPointerCapture(event.pointerId);
    this.show(box);
  }

  end(event) {
    if (!this.start) return;
    const box = this.box(event);
    this.start = null;
    if (box.w < MIN_SIDE || box.h < MIN_SIDE) {
      this.hide();
      return;
    }
    this.drew = true;
    document.body.classList.add("busy");
    const text = [box.x, box.y, box.w, box.h].map((number) => number.toFixed(4)).join(",");
    location.assign(this.stage.dataset.url.replace("BOX", encodeURIComponent(text)));
  }

  cancel() {
    this.start = null;
    this.hide();
  }

  at(event) {
    const frame = this.stage.getBoundingClientRect();
    const within = (value) => Math.min(1, Math.max(0, value));
    return {
      x: within((event.clientX - frame.left) / frame.width),
      y: within((event.clientY - frame.top) / frame.height),
    };
  }

  box(event) {
    const now = this.at(event);
    return {
      x: Math.min(now.x, this.start.x),
      y: Math.min(now.y, this.start.y),
      w: Math.abs(now.x - this.start.x),
      h: Math.abs(now.y - this.start.y),
    };
  }

  show({ x, y, w, h }) {
    for (const [name, value] of Object.entries({ x, y, width: w, height: h })) this.rect.setAttribute(name, value);
  }

  hide() {
    this.show({ x: 0, y: 0, w: 0, h: 0 });
  }
}
