// Short messages for screen readers.
export function say(message) {
  const live = document.getElementById("live");
  if (live) live.textContent = message;
}
