// Checkboxes that select rows: one a row, and one for the page.

import { html, useEffect, useRef } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { nameOf } from "./people.js";

/** The first column of a table: `selection` is that of `useSelection`. */
export function pickColumn(selection) {
  return {
    id: "pick",
    title: say("sessions.pick"),
    kind: "pick",
    // Where rows are cards the box stands elsewhere, and the column still has a name.
    head: html`<${PickAll} selection=${selection} isBare /><span class="unseen">${say("sessions.pick")}</span>`,
    cell: ({ session, mark }) => html`<input
      type="checkbox"
      aria-label=${say("sessions.pick_one", { name: nameOf(session.outerward.user, session.application_user.id) })}
      checked=${mark !== "over" && selection.has(session.id)}
      disabled=${mark === "over"}
      onChange=${() => selection.toggle(session.id)}
    />`,
  };
}

/** The checkbox of the page; `isBare` without a word beside it. */
export function PickAll({ selection, isBare = false }) {
  const box = useRef(null);
  const { isPage, count } = selection;
  useEffect(() => {
    box.current.indeterminate = count > 0 && !isPage;
  });
  const name = say("sessions.pick_page");
  const input = html`<input ref=${box} type="checkbox" aria-label=${isBare ? name : null} checked=${isPage} onChange=${selection.togglePage} />`;
  return isBare ? input : html`<label class="check narrow">${input}<span>${name}</span></label>`;
}
