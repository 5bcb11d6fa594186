// Images that cannot be loaded leave an empty tile instead of the browser's broken-image sign.
export function mendBroken() {
  document.addEventListener("error", (event) => { if (event.target instanceof HTMLImageElement) hide(event.target); }, true);
  for (const image of document.images) if (image.complete && !image.naturalWidth) hide(image);
}

function hide(image) {
  if (image.getAttribute("src")) image.classList.add("broken");
}
