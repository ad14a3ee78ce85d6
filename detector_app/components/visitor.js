/**
 * What the browser remembers for the Streamlit pages, and the language that it reads them in.
 *
 * Nothing is kept before Python asks for it by `keep`: a random number of the person, and their last requests.
 */

const REMEMBERED = "sightscan-asked";
const MAX_REQUESTS = 8;

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
    return { person: kept.person ?? null, requests: Array.isArray(kept.requests) ? kept.requests : [] };
  } catch {
    // A browser that keeps nothing, or something that is not ours.
    return { person: null, requests: [] };
  }
}

function keep(known, { person, request, name }) {
  const others = known.requests.filter((one) => one.id !== request);
  // The number that is there stays: another page of this browser may have made it since this one was opened.
  const kept = { person: known.person ?? person, requests: [{ id: request, name }, ...others].slice(0, MAX_REQUESTS) };
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(kept));
  } catch {
    // Private windows may refuse: the person counts by this visit then.
  }
  return kept;
}

export default function mount({ data, setStateValue }) {
  document.documentElement.lang = data.language;
  let known = read();
  if (data.keep) known = keep(known, data.keep);
  const told = JSON.stringify(known);
  // Told once: each telling runs the page again.
  if (told !== data.known) setStateValue("known", told);
}
