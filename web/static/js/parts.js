// Parts of the answer that take longer than the results: each is put in its place as soon as the server has made it.
import { say } from "./live.js";

export function awaitParts() {
  const whole = document.querySelector("[data-parts]");
  if (!whole || !whole.querySelector("[aria-busy]")) return;
  const source = new EventSource(whole.dataset.parts);
  source.addEventListener("part", (event) => put(whole, JSON.parse(event.data)));
  source.addEventListener("trouble", (event) => end(whole, source, JSON.parse(event.data).message));
  source.addEventListener("done", () => end(whole, source, ""));
  source.addEventListener("error", () => end(whole, source, "The connection was lost.")); // the browser would ask again and again
  addEventListener("pagehide", () => source.close());
}

function put(whole, { name, title, html }) {
  const waiting = whole.querySelector(`[data-part="${CSS.escape(name)}"][aria-busy]`);
  if (!waiting) return;
  const made = new DOMParser().parseFromString(html, "text/html").querySelector("[data-part]");
  if (!made) {
    remove(whole, waiting);
    return;
  }
  made.open = waiting.open;
  made.classList.toggle("lead", waiting.classList.contains("lead"));
  offerCopies(made);
  waiting.replaceWith(made);
  const next = made.nextElementSibling;
  if (made.hasAttribute("data-perhaps") && next?.matches("[data-part]")) next.open = true; // it may know more
  say(`${title}: ready`);
}

// What has not come by the end has nothing to show; after trouble its link stays.
function end(whole, source, trouble) {
  source.close();
  for (const waiting of whole.querySelectorAll("[aria-busy]")) {
    if (!trouble) {
      remove(whole, waiting);
      continue;
    }
    waiting.removeAttribute("aria-busy");
    waiting.querySelector(".reason").textContent = trouble;
  }
}

// Where the leading part turns out to be empty, the next one leads.
function remove(whole, part) {
  part.remove();
  const next = part.classList.contains("lead") && whole.querySelector("[data-part]");
  if (!next) return;
  next.classList.add("lead");
  next.open = true;
}

// Buttons that copy a line: shown only where the browser lets a page write to the clipboard.
export function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      say("Copied");
      button.textContent = "Copied";
    });
  }
}
