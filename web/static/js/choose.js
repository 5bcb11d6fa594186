// Choosing many entries of a list at once.
export function chooseAll() {
  const all = document.querySelector("[data-choose-all]");
  if (!all) return;
  const boxes = [...document.querySelectorAll('input[name="entries"]')];
  const buttons = [...document.querySelectorAll("[data-needs-choice]")];
  const update = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
    for (const button of buttons) button.disabled = chosen === 0;
  };
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; update(); });
  for (const box of boxes) box.addEventListener("change", update);
  update();
}
