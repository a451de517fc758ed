// Sessions that are over: when and why they ended, and by whom.

import { html, useEffect } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { nextOf } from "../api/reading.js";
import { useChosenColumns } from "../lists/chosen_columns.js";
import { say } from "../words/say.js";
import { LIST, NoneFound, refused, Terminal, Tools, useTotal } from "./list_of_sessions.js";
import { Pager, usePages } from "./pager.js";
import { columnsOf } from "./session_columns.js";
import { Nothing, Table, Unread } from "./table.js";

const REFRESHED_MS = 10_000;

export function SessionsOver({ q, filter, change }) {
  const pages = usePages();
  const columns = useChosenColumns("ended");
  const query = { q, filter, state: "ended" };
  const total = useTotal(query);
  const asked = useAsked((signal) => ask(LIST, { query: { ...query, before_id: pages.before }, signal }), [q, filter, pages.before]);
  useEffect(pages.reset, [q, filter]);
  useEvery(REFRESHED_MS, () => {
    if (pages.depth || asked.isSlow || refused(asked.error)) return;
    asked.again();
    total.again();
  });
  const rows = (asked.value?.application_sessions ?? []).map((session) => ({ session, mark: "" }));
  return html`
    <${Tools} query=${query} change=${change} total=${total} columns=${columns} rows=${rows} error=${asked.error} />
    <${Rows} asked=${asked} rows=${rows} chosen=${columns[0]} isNarrowed=${Boolean(q || filter)} />
    <${Pager} pages=${pages} next=${nextOf(asked.value)} name=${say("sessions.ended")} />
    <${Terminal} query=${query} />`;
}

function Rows({ asked, rows, chosen, isNarrowed }) {
  if (refused(asked.error)) return null;
  if (!asked.value) return html`<${Unread} error=${asked.error} again=${asked.again} />`;
  if (!rows.length && isNarrowed) return html`<${NoneFound} />`;
  if (!rows.length) return html`<${Nothing} title=${say("sessions.none_ended")}><p>${say("sessions.none_ended_means")}</p><//>`;
  const columns = columnsOf(chosen, { isEnded: true });
  return html`<${Table} name=${say("sessions.title")} columns=${columns} rows=${rows} keyOf=${({ session }) => session.id} />`;
}
