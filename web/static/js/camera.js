// The live camera: frames go to the server one at a time, the newest first; what it sees is drawn over the picture.
import { post } from "./api.js";
import { busy } from "./busy.js";
import { Overlay } from "./camera_overlay.js";

const JPEG_QUALITY = 0.8;
const KEPT_QUALITY = 0.92; // of a part that is searched for
const MARGIN = 0.06; // around an object that is searched for, of its sides
const RETRY = 1500; // ms after a frame that was not answered
const REASONS = {
  NotAllowedError: "The camera was refused. Allow it for this page in the browser’s settings and start again, or take a picture below.",
  NotFoundError: "This device has no camera. Choose a picture below instead.",
  OverconstrainedError: "This device has no such camera. Choose a picture below instead.",
  NotReadableError: "The camera is in use by another program. Close that and start again, or take a picture below.",
};
const INSECURE = "Browsers give the camera only to pages that come over HTTPS, or from this very machine. "
  + "Take a picture below instead, or ask whoever runs this server for its HTTPS address.";

class Camera {
  constructor(root) {
    this.root = root;
    const find = (name) => root.querySelector(`[data-${name}]`);
    for (const name of ["video", "stage", "problem", "start", "stop", "mode", "turn", "whole"]) this[name] = find(name);
    this.overlay = new Overlay(root, (box) => this.search(box));
    this.canvas = document.createElement("canvas");
    this.session = "";
    this.reading = false;
    this.facing = "environment";
    this.start.addEventListener("click", () => this.open());
    this.stop.addEventListener("click", () => this.close());
    this.mode.addEventListener("click", () => this.read(!this.reading));
    this.turn.addEventListener("click", () => this.open(this.facing === "environment" ? "user" : "environment"));
    this.whole.addEventListener("click", () => this.search([0, 0, 1, 1]));
    window.addEventListener("pagehide", () => this.close());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.loop(); });
    root.querySelector("[data-fallback] input[type=file]").addEventListener("change", (event) => event.target.form.requestSubmit());
    if (window.isSecureContext && navigator.mediaDevices?.getUserMedia) this.start.hidden = false;
    else this.tell(INSECURE);
  }

  async open(facing = this.facing) {
    this.close();
    this.tell("");
    try {
      const video = { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 960 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      this.tell(REASONS[error.name] ?? `The camera cannot be used: ${error.message}. Take a picture below instead.`);
      return;
    }
    this.facing = facing;
    this.video.srcObject = this.stream;
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.close());
    this.show(true);
    this.turn.hidden = (await cameras()) < 2;
    this.loop();
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
    this.overlay.clear();
    this.show(false);
  }

  show(on) {
    for (const part of [this.stage, this.stop, this.mode, this.whole]) part.hidden = !on;
    if (!on) this.turn.hidden = true;
    this.start.hidden = on || !window.isSecureContext;
  }

  read(on) {
    this.reading = on;
    this.mode.setAttribute("aria-pressed", String(on));
    this.overlay.clear();
  }

  // One loop at a time: it sends the picture of now, waits for the answer, and goes on.
  async loop() {
    if (this.looping) return;
    this.looping = true;
    const pause = 1000 / Number(this.root.dataset.rate);
    while (this.stream && !document.hidden) {
      const begun = performance.now();
      const wait = (await this.frame()) ? pause : RETRY;
      await sleep(Math.max(0, wait - (performance.now() - begun)));
    }
    this.looping = false;
  }

  async frame() {
    if (!this.video.videoWidth) return true; // not yet playing
    const reading = this.reading;
    const side = Number(reading ? this.root.dataset.textSide : this.root.dataset.side);
    const body = new FormData();
    body.append("image", await this.picture([0, 0, 1, 1], side, JPEG_QUALITY), "frame.jpg");
    const asked = new URLSearchParams({ session: this.session, mode: reading ? "text" : "objects" });
    try {
      const seen = await post(`/api/v1/camera/frames?${asked}`, body);
      this.session = seen.session;
      if (this.stream && reading === this.reading && !seen.late) this.overlay.draw(seen, reading);
      if (this.silent) this.tell("");
      this.silent = false;
      return true;
    } catch (error) {
      this.silent = true;
      this.tell(`The server does not answer: ${error.message}`);
      return false;
    }
  }

  // A part of the picture of now, as JPEG; side 0: with all its pixels.
  picture([x, y, w, h], side, quality) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = side ? Math.min(1, side / Math.max(w * width, h * height)) : 1;
    this.canvas.width = Math.max(1, Math.round(w * width * scale));
    this.canvas.height = Math.max(1, Math.round(h * height * scale));
    const to = [0, 0, this.canvas.width, this.canvas.height];
    this.canvas.getContext("2d").drawImage(this.video, x * width, y * height, w * width, h * height, ...to);
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", quality));
  }

  // The part is kept as the picture of a question, as any picture that one searches with.
  async search(box) {
    const body = new FormData();
    body.append("image", await this.picture(widened(box), 0, KEPT_QUALITY), "part.jpg");
    busy(true);
    try {
      const kept = await post("/api/v1/uploads", body);
      location.assign(`/search?picture=${kept.picture}`);
    } catch (error) {
      busy(false);
      this.tell(error.message);
    }
  }

  tell(message) {
    this.problem.textContent = message;
    this.problem.hidden = !message;
  }
}

function widened([x, y, w, h]) {
  const left = Math.max(0, x - MARGIN * w);
  const top = Math.max(0, y - MARGIN * h);
  return [left, top, Math.min(1, x + (1 + MARGIN) * w) - left, Math.min(1, y + (1 + MARGIN) * h) - top];
}

async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput").length;
}

function sleep(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

for (const root of document.querySelectorAll("[data-camera]")) new Camera(root);
