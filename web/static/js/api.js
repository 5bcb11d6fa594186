// Requests to the JSON API, with the CSRF token that proves that they come from our own page.
const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

async function read(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const body = isJson ? await response.json() : {};
  if (!response.ok) throw new Error(body.detail || `The server answered ${response.status}.`);
  return body;
}

export async function get(path) {
  return read(await fetch(path, { headers: { Accept: "application/json" } }));
}

export async function post(path, body, { type = "", keepalive = false, method = "POST" } = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrf };
  if (type) headers["Content-Type"] = type; // a form names its own
  return read(await fetch(path, { method, headers, body, keepalive }));
}
