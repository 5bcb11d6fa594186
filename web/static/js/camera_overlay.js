// What a camera sees, drawn over its picture: a button for each object or line, which stays while it is followed.
const NEWS = 2500; // ms between two things that a reader of the screen says

export class Overlay {
  constructor(root, search) {
    this.boxes = root.querySelector("[data-boxes]");
    this.news = root.querySelector("[data-news]");
    this.reading = root.querySelector("[data-reading]");
    this.lines = root.querySelector("[data-lines]");
    this.search = search;
    this.buttons = new Map(); // by track
    this.said = -NEWS;
    this.waiting = 0;
  }

  draw(seen, reading) {
    this.reading.hidden = !reading;
    if (reading) this.drawLines(seen.lines);
    else this.drawObjects(seen.objects);
  }

  clear() {
    this.boxes.replaceChildren();
    this.buttons.clear();
    this.lines.replaceChildren();
    this.reading.hidden = true;
  }

  drawObjects(objects) {
    const tracks = new Set(objects.map((one) => one.track));
    for (const [track, button] of this.buttons) {
      if (!tracks.has(track)) { button.remove(); this.buttons.delete(track); }
    }
    for (const one of objects) this.drawObject(one);
  }

  drawObject(one) {
    const button = this.buttons.get(one.track) ?? this.add(one.track);
    place(button, one.box);
    button.box = one.box;
    const sure = one.confidence === null ? "" : ` ${Math.round(100 * one.confidence)} %`;
    const name = one.name ? `${one.perhaps ? "Perhaps " : ""}${one.name}` : "";
    const caption = name ? name + (one.perhaps ? "" : sure) : "…";
    button.classList.toggle("unnamed", !one.name || one.perhaps);
    if (button.caption.textContent !== caption) button.caption.textContent = caption;
    const label = `${name || "Something that is being identified"}: search it`;
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
    if (name && button.named !== name) { button.named = name; this.say(name); }
  }

  add(track) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "camera-box";
    button.caption = document.createElement("span");
    button.append(button.caption);
    button.addEventListener("click", () => this.search(button.box));
    this.boxes.append(button);
    this.buttons.set(track, button);
    return button;
  }

  drawLines(lines) {
    this.boxes.replaceChildren(...lines.map((line) => {
      const outline = document.createElement("div");
      outline.className = "camera-box line";
      place(outline, line.box);
      return outline;
    }));
    const texts = lines.map((line) => line.text);
    const shown = [...this.lines.querySelectorAll("a")].map((link) => link.textContent);
    if (texts.join("\n") === shown.join("\n")) return; // so that a chosen link keeps its focus
    this.lines.replaceChildren(...texts.map((text) => {
      const link = document.createElement("a");
      link.href = `/search?${new URLSearchParams({ text })}`;
      link.textContent = text;
      const entry = document.createElement("li");
      entry.append(link);
      return entry;
    }));
    this.say(texts.length ? `${texts.length} lines of text: ${texts[0]}` : "No text in view");
  }

  // The latest news, not more often than somebody can listen.
  say(text) {
    this.next = text;
    if (this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = 0;
      this.said = performance.now();
      this.news.textContent = this.next;
    }, Math.max(0, this.said + NEWS - performance.now()));
  }
}

function place(element, [x, y, w, h]) {
  for (const [name, value] of Object.entries({ left: x, top: y, width: w, height: h })) {
    element.style[name] = `${(100 * value).toFixed(2)}%`;
  }
}
