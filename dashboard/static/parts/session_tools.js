// What stands over the rows of a list that moves: what waits, and what is selected.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";

/** The button that lets new rows in; `list` is one of `live_list`. */
export function Held({ list, onLetIn }) {
  const count = list.held.length;
  const isCut = count > 0 && list.from !== "" && list.held.at(-1).id === list.from;
  const shown = isCut ? say("parts.at_least", { count }) : String(count);
  return html`<span role="status">
    ${count > 0 && html`<button type="button" class="small primary held" onClick=${onLetIn}>
      ${say("sessions.live.held", { count, shown })}
    </button>`}
  </span>`;
}

/**
 * What is selected, and what may be done about it. `selection` is that of `useSelection`, `total` how many match; `isCut`
 * where those are on more pages than one.
 */
export function SelectionBar({ selection, total, isCut, q, onEnd }) {
  const { count, isAll, isPage, selectAll, clear } = selection;
  if (!count) return null;
  const shown = isAll ? total : count;
  return html`<div class="selection" role="group" aria-label=${say("sessions.selection")}>
    <span role="status">${say("sessions.selected", { count: shown })}</span>
    ${isPage && !isAll && isCut && (q
      ? html`<span class="soft">${say("sessions.select_search")}</span>`
      : html`<button type="button" class="small" onClick=${selectAll}>${say("sessions.select_all", { count: total })}</button>`)}
    <button type="button" class="small" onClick=${clear}>${say("sessions.select_none")}</button>
    <button type="button" class="small danger" onClick=${onEnd}>${say("sessions.end_selected")}</button>
  </div>`;
}
