// Judging by keys: 0 to 4 grade the picture in focus and go on, arrows move, u takes the last one back.
import { post } from "./api.js";

export function judgeResults() {
  const sheet = document.querySelector("[data-judge]");
  if (!sheet) return;
  const cards = [...sheet.querySelectorAll("[data-card]")];
  const given = []; // cards in the order in which they were graded
  const topic = sheet.dataset.topic;
  let waiting = Promise.resolve();

  // One after the other, so that a fast hand cannot overtake the network.
  function inTurn(work) {
    waiting = waiting.then(work).catch(problem);
  }

  function give(card, grade) {
    const before = card.dataset.grade;
    show(card, grade);
    given.push(card);
    (cards.slice(cards.indexOf(card) + 1).find((next) => next.dataset.grade === "") ?? card).focus();
    inTurn(() => send("PUT", { topic, document: card.dataset.card, grade }).catch((error) => {
      show(card, before);
      throw error;
    }));
  }

  function undo() {
    const card = given.pop() ?? (document.activeElement?.dataset.grade ? document.activeElement : null);
    if (!card) return;
    inTurn(async () => {
      const { grade } = await send("DELETE", { topic, document: card.dataset.card });
      show(card, grade ?? "");
      card.focus();
    });
  }

  function show(card, grade) {
    card.dataset.grade = String(grade);
    for (const button of card.querySelectorAll("[data-give]")) {
      button.setAttribute("aria-pressed", String(button.dataset.give === String(grade)));
    }
    const done = cards.filter((one) => one.dataset.grade !== "").length;
    sheet.querySelector("[data-done]").textContent = String(done);
    sheet.querySelector("progress").value = done;
  }

  function problem(error) {
    const line = sheet.querySelector("[data-problem]");
    line.textContent = error.message;
    line.hidden = false;
  }

  function move(from, step) {
    cards[Math.min(cards.length - 1, Math.max(0, cards.indexOf(from) + step))]?.focus();
  }

  for (const button of sheet.querySelectorAll("[data-give]")) {
    button.addEventListener("click", () => give(button.closest("[data-card]"), Number(button.dataset.give)));
  }
  sheet.querySelector("[data-undo]").addEventListener("click", undo);
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") || event.altKey) return;
    const card = event.target.closest?.("[data-card]") ?? cards.find((one) => one.dataset.grade === "") ?? cards[0];
    if ((event.ctrlKey || event.metaKey) && event.key === "z") undo();
    else if (event.ctrlKey || event.metaKey) return;
    else if (/^[0-4]$/.test(event.key) && card) give(card, Number(event.key));
    else if (event.key === "u") undo();
    else if (event.key === "ArrowRight" || event.key === "ArrowDown") move(card, 1);
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") move(card, -1);
    else return;
    event.preventDefault();
  });
  cards.find((card) => card.dataset.grade === "")?.focus({ preventScroll: true });
}

function send(method, body) {
  return post("/api/v1/judge", JSON.stringify(body), { method, type: "application/json" });
}
