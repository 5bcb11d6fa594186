// A picture to search with: chosen, dropped anywhere, or pasted, as itself or as its address.
import { post } from "./api.js";
import { say } from "./live.js";
import { busy } from "./busy.js";

const form = document.querySelector("[data-picture-form]");

export function listenForPictures() {
  if (!form) return;
  form.querySelector("[data-file]").addEventListener("change", (event) => {
    if (event.target.files.length) searchWith({ image: event.target.files[0] });
  });
  form.addEventListener("submit", (event) => {
    const address = form.querySelector("[data-address]").value.trim();
    const file = form.querySelector("[data-file]").files[0];
    event.preventDefault();
    if (file || address) searchWith(file ? { image: file } : { address });
    else showProblem("Choose a picture, or give its address.");
  });
  listenForDrops();
  document.addEventListener("paste", onPaste);
}

function listenForDrops() {
  if (document.querySelector("[data-no-drop]")) return;
  let depth = 0;
  const veil = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => {
    if (carriesPicture(event.dataTransfer)) { depth += 1; veil(true); }
  });
  document.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) veil(false); });
  document.addEventListener("dragover", (event) => { if (carriesPicture(event.dataTransfer)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    depth = 0;
    veil(false);
    if (!carriesPicture(event.dataTransfer)) return;
    event.preventDefault();
    takeDrop(event.dataTransfer);
  });
}

function carriesPicture(transfer) {
  return [...(transfer?.types ?? [])].some((type) => type === "Files" || type === "text/uri-list");
}

function takeDrop(transfer) {
  const file = [...transfer.files].find((entry) => entry.type.startsWith("image/"));
  const address = transfer.getData("text/uri-list").split("\n").find((line) => line && !line.startsWith("#"));
  const here = address && new URL(address, location.href).origin === location.origin;
  if (file) searchWith({ image: file });
  else if (here) followOwn(new URL(address));
  else if (address) searchWith({ address: address.trim() });
  else showProblem("That was not a picture.");
}

// A picture dragged from our own page is a picture of the collection.
function followOwn(address) {
  const id = address.pathname.match(/[0-9a-f]{64}/)?.[0];
  if (id && !address.pathname.startsWith("/uploads/")) go({ like: id });
}

function onPaste(event) {
  const file = [...(event.clipboardData?.files ?? [])].find((entry) => entry.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    searchWith({ image: file });
    return;
  }
  const text = event.clipboardData?.getData("text/plain").trim() ?? "";
  const typing = event.target.closest?.("input, textarea, [contenteditable]");
  if (/^https?:\/\/\S+$/.test(text) && (!typing || typing.matches("[data-words]"))) {
    event.preventDefault();
    searchWith({ address: text });
  }
}

async function searchWith(picture) {
  const body = new FormData();
  for (const [name, value] of Object.entries(picture)) body.append(name, value);
  showProblem("");
  say("Sending the picture");
  busy(true);
  try {
    const kept = await post("/api/v1/uploads", body);
    go({ picture: kept.picture });
  } catch (error) {
    busy(false);
    showProblem(error.message);
  }
}

// The words and filters in the form go along with the picture.
function go(parameters) {
  const target = new URLSearchParams(parameters);
  const words = document.querySelector("[data-words]")?.value.trim();
  if (words) target.set("text", words);
  for (const field of form.querySelectorAll('input[name="filter"]')) target.append("filter", field.value);
  location.assign(`/search?${target}`);
}

function showProblem(message) {
  form.querySelector("[data-problem]").textContent = message;
  if (!message) return;
  form.closest("[popover]").showPopover();
}
