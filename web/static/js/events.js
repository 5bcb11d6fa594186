// Logs impressions and clicks of visitors who agreed. An impression is a result of which half stays visible for a second.
import { post } from "./api.js";

const SEEN_AFTER = 1000; // ms
const GATHER = 2000; // ms
const waiting = [];
const logged = new Set();
let timer = 0;

export function logEvents() {
  const grid = document.querySelector("[data-query]");
  if (!grid) return;
  const query = grid.dataset.query;
  const timers = new Map();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(() => { add(query, "impression", target); observer.unobserve(target); }, SEEN_AFTER));
    }
  }, { threshold: 0.5 });
  for (const card of grid.querySelectorAll("[data-document]")) {
    observer.observe(card);
    card.addEventListener("click", (event) => {
      if (!event.target.closest("a")) return;
      add(query, "impression", card);
      add(query, "click", card);
      send();
    });
  }
  addEventListener("pagehide", send);
}

function add(query, action, card) {
  const { document: id, position } = card.dataset;
  const name = `${action} ${id}`;
  if (logged.has(name)) return;
  logged.add(name);
  waiting.push({ query_id: query, action, document: id, position: Number(position) });
  clearTimeout(timer);
  timer = setTimeout(send, GATHER);
}

function send() {
  if (!waiting.length) return;
  const events = waiting.splice(0);
  const body = JSON.stringify({ events });
  post("/api/v1/events", body, { type: "application/json", keepalive: true }).catch(() => {}); // nobody should notice
}
