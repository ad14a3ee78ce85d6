// What visitors report: the photo that they sent, with the box and the name, and a decision.

import { ask, by, complain, make, quiet } from "./page.js";

const SENTENCES = {
  wrong: (report) => `Named “${report.class_name ?? "nothing"}”, which is not there`,
  missing: () => "A sight without its name",
};

async function load() {
  const read = await ask("list");
  by("progress").textContent = `${read.waiting_count} waiting`;
  by("list").replaceChildren(...read.reports.map((report) => cardOf(report, read.may_decide)));
  by("reports").hidden = read.reports.length === 0;
  by("empty").hidden = read.reports.length > 0;
}

function cardOf(report, mayDecide) {
  const card = make("li", "", { class: "request" });
  const version = report.model_version === null ? "" : `, version ${report.model_version}`;
  const when = new Date(report.reported_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  card.append(make("h2", SENTENCES[report.kind](report)), make("p", `${report.city_name}${version}, ${when}`));
  if (report.has_photo) card.append(pictureOf(report));
  const actions = make("p", "", { class: "decisions" });
  for (const [decision, text, look] of [
    ["confirmed", "The visitor is right", "accept"],
    ["rejected", "The model is right, or nobody can tell", "reject"],
  ]) {
    const button = make("button", text, { type: "button", class: look });
    button.disabled = !mayDecide;
    button.onclick = () => decide(report, decision);
    actions.append(button);
  }
  if (!mayDecide) actions.append("You may look but not decide: that takes a role that triggers runs.");
  card.append(actions);
  return card;
}

// The box is drawn here: the warehouse has the photo as it was sent.
function pictureOf(report) {
  const canvas = make("canvas", "", { role: "img", "aria-label": "The photo that was sent" });
  const photo = new Image();
  photo.onload = () => {
    [canvas.width, canvas.height] = [photo.naturalWidth, photo.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(photo, 0, 0);
    if (report.x1 === null) return;
    const line = Math.max(3, canvas.width / 200);
    for (const [style, width] of [["#10131a", line + 3], ["#ffb000", line]]) {
      [context.strokeStyle, context.lineWidth] = [style, width];
      context.strokeRect(
        report.x1 * canvas.width, report.y1 * canvas.height,
        (report.x2 - report.x1) * canvas.width, (report.y2 - report.y1) * canvas.height,
      );
    }
  };
  photo.src = `${report.report_id}.jpeg`;
  return canvas;
}

async function decide(report, decision) {
  quiet();
  try {
    await ask("decide", { report_id: report.report_id, decision });
  } catch (error) {
    complain(error);
  }
  await load().catch(complain);
}

load().catch(complain);
