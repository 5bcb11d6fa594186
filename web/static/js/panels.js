// Panels of "why": kept within the window, closed by a click elsewhere.
export function placePanels() {
  for (const details of document.querySelectorAll("details.why")) {
    details.addEventListener("toggle", () => { if (details.open) place(details.querySelector(".panel")); });
  }
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.why[open], details.took[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });
}

function place(panel) {
  panel.classList.remove("from-right");
  if (panel.getBoundingClientRect().right > document.documentElement.clientWidth - 8) panel.classList.add("from-right");
}
