// How numbers and times are written, and where Airflow's own pages are.

import { node } from "./dom.js";

export const count = (value) => Number(value).toLocaleString("en");
export const usd = (value) => `${Number(value).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} USD`;
export const share = (value) => (value === null ? "–" : Number(value).toFixed(3));
export const moment = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** Name a month of UTC, wherever the person is. */
export const month = (time, style = "short") => new Date(time).toLocaleString("en", { month: style, year: "numeric", timeZone: "UTC" });

export const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null));
export const dagPath = (dagId) => `../../dags/${encodeURIComponent(dagId)}`;
export const runPath = (dagId, runId) => `${dagPath(dagId)}/runs/${encodeURIComponent(runId)}`;
export const link = (href, ...children) => node("a", { href }, ...children);
export const quiet = (...children) => node("p", { class: "quiet" }, ...children);

/** Say up to when photos, labels and calls are counted. */
export const asOf = (time, what) => quiet(time
  ? `${what} as of ${moment(time)}, the last refresh of the facts.`
  : `${what} are not counted yet: the facts were never refreshed.`);

/** Return a table that scrolls by itself; a column whose name begins with # has figures, to the right. */
export function table(name, columns, rows) {
  const kinds = columns.map((column) => (column.startsWith("#") ? "number" : null));
  return node("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name },
    node("table", {},
      node("thead", {}, node("tr", {}, columns.map((column, number) => node("th", { scope: "col", class: kinds[number] }, column.replace("#", ""))))),
      node("tbody", {}, rows.map(([first, ...cells]) => node("tr", {},
        node("th", { scope: "row" }, first),
        cells.map((cell, number) => node("td", { class: kinds[number + 1] }, typeof cell === "number" ? count(cell) : cell)))))));
}

/** Return the links to the pages before and after; `data-page` is read by whoever listens. */
export function pager(read, part, ...what) {
  const pages = Math.max(Math.ceil(read.count / read.page_size), 1);
  const step = (page, text) => node("button", { type: "button", "data-page": page, "data-part": part, disabled: page < 1 || page > pages }, text);
  return node("p", { class: "pager" },
    step(read.page - 1, "Before"), ` ${plural(read.count, ...what)}, page ${count(read.page)} of ${count(pages)} `, step(read.page + 1, "After"));
}
