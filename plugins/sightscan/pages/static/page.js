// What SightScan's pages share. What strangers wrote reaches a page as text only (textContent),
// never as HTML.

export const by = (id) => document.getElementById(id);

export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(path, { credentials: "same-origin", ...options });
  if (answer.status === 401) {
    throw new Error("You are not logged in any more: log in to Airflow in another tab, then go on here.");
  }
  const read = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const detail = typeof read.detail === "string" ? read.detail : JSON.stringify(read.detail ?? "");
    throw Object.assign(new Error(detail || `The server answered ${answer.status}.`), { isFinal: answer.status < 500 });
  }
  return read;
}

export const photoUrl = (photo, side) => `../photos/${photo.sha256}.jpeg?side=${side}`;

// Addresses come from outside: only those of the web become links.
export function link(address, text) {
  if (!/^https?:\/\//i.test(address ?? "")) return document.createTextNode(text);
  return make("a", text, { href: address, target: "_blank", rel: "noopener noreferrer" });
}

export function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

export function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => make("option", text, { value })));
  choose(select, chosen);
}

export function choose(select, value) {
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

export function complain(error) {
  by("trouble").textContent = error.message;
  by("trouble").hidden = false;
}

export function quiet() {
  by("trouble").hidden = true;
}

// On a phone the line of pages is wider than the screen.
document.querySelector("nav.pages [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" });
