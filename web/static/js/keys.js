// Keys: "/" goes to the box, Escape leaves it and closes what is open, arrows walk through the results.
export function bindKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !isTyping(event.target)) focusWords(event);
    else if (event.key === "Escape") leave(event);
    else if (event.key.startsWith("Arrow") && event.target.matches?.("[data-tile]")) walk(event);
  });
}

function isTyping(target) {
  return target.matches?.("input, textarea, select, [contenteditable]");
}

function focusWords(event) {
  const words = document.querySelector("[data-words]");
  if (!words) return;
  event.preventDefault();
  words.focus();
  words.select();
}

function leave(event) {
  const open = document.querySelector("details.why[open], details.took[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (event.target.matches?.("[data-words]")) event.target.blur();
}

function walk(event) {
  const tiles = [...document.querySelectorAll("[data-tile]")];
  const at = tiles.indexOf(event.target);
  const sideways = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = sideways ? tiles[at + sideways] : nearestInRow(tiles, at, event.key === "ArrowDown" ? 1 : -1);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// Rows are of different widths: the tile of the next row whose middle is nearest.
function nearestInRow(tiles, at, step) {
  const here = tiles[at].getBoundingClientRect();
  const beyond = tiles
    .map((tile) => ({ tile, box: tile.getBoundingClientRect() }))
    .filter(({ box }) => (box.top - here.top) * step > 10);
  if (!beyond.length) return null;
  const row = Math.min(...beyond.map(({ box }) => Math.abs(box.top - here.top)));
  const middle = here.left + here.width / 2;
  const distance = ({ box }) => Math.abs(box.left + box.width / 2 - middle);
  return beyond
    .filter(({ box }) => Math.abs(box.top - here.top) < row + 10)
    .reduce((best, entry) => (distance(entry) < distance(best) ? entry : best)).tile;
}
