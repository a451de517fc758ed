// What every list of sessions has around its rows: search, count, columns, export, filters, and words for no rows.

import { html, useEffect, useState } from "../vendor/preact.js";
import { address, ask } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { curl, outerward } from "../words/commands.js";
import { counted, say } from "../words/say.js";
import { Commands, terminal } from "./commands.js";
import { Columns, ColumnsButton } from "./columns.js";
import { Export } from "./export.js";
import { Filters } from "./filters.js";
import { Search } from "./search.js";
import { CHOICES } from "./session_columns.js";
import { Nothing } from "./table.js";

export const LIST = "/app/sessions";
const SAID_MS = 2000;

/** How many sessions `query` asks for, as `useAsked` has it. */
export function useTotal({ q, filter, state = "" }) {
  return useAsked((signal) => ask(`${LIST}/count`, { query: { q, filter, state }, signal }), [q, filter]);
}

/** What the API says of a filter that it refuses; null where `error` is anything else. */
export function refused(error) {
  return error?.status === 400 ? error : null;
}

/**
 * Stands over a list. `query` is `{ q, filter, state }`, `change(some, options)` asks for something else; `columns` is
 * what `useChosenColumns` gives; `rows` are those of the list.
 */
export function Tools({ query, change, total, columns: [chosen, toggle], rows, error }) {
  const [isOpen, setOpen] = useState(false);
  const isEnded = query.state === "ended";
  return html`<div class="tools">
      <${Search} value=${query.q} onChange=${(q) => change({ q })} hint=${say("sessions.search_hint")} />
      <${Count} total=${refused(error) ? {} : total} asked=${JSON.stringify(query)} />
      <${ColumnsButton} isOpen=${isOpen} onToggle=${() => setOpen(!isOpen)} />
      <${Export} path=${LIST} query=${query} member="application_sessions" name=${isEnded ? "ended-sessions" : "sessions"} />
    </div>
    ${isOpen && html`<${Columns} choices=${CHOICES} chosen=${chosen} onToggle=${toggle} />`}
    <${Filters} filter=${query.filter} onChange=${(filter) => change({ filter }, { step: true })} error=${refused(error)}
      rows=${rows.map(({ session }) => session)} isEnded=${isEnded} />`;
}

/** How many there are; said aloud where something else is asked for, not each time the number moves. */
function Count({ total, asked }) {
  const text = total.value ? say("sessions.count", { count: total.value.count, shown: counted(total.value) }) : "";
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!total.isCurrent) return undefined;
    setSaid(text);
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [total.isCurrent, asked]);
  return html`<p class="count">${text}${text && ` ${say("sessions.newest_first")}`}<span class="unseen" role="status">${said}</span></p>`;
}

export function NoneFound() {
  return html`<${Nothing} title=${say("sessions.none_found")}><p>${say("sessions.none_found_means")}</p><//>`;
}

/** The same list in a terminal. */
export function Terminal({ query }) {
  return html`<${Commands} lines=${terminal(curl(address(LIST, query)), outerward(["sessions", "ls"], query))} />`;
}
