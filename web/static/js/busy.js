// A thin bar while the next page is on its way.
import { say } from "./live.js";

export function busy(on) {
  document.body.classList.toggle("busy", on);
}

export function showBusy() {
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) start(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href*="/search?"]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) start();
  });
  window.addEventListener("pageshow", () => busy(false)); // also when coming back
}

function start() {
  busy(true);
  say("Searching");
}
