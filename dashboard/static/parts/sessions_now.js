// Sessions as they are now: a list that follows what happens and keeps still under a hand, and the end of some.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { useChosenColumns } from "../lists/chosen_columns.js";
import { EVERY } from "../words/filter_language.js";
import { useLiveSessions } from "../lists/live_sessions.js";
import { may } from "../page.js";
import { say } from "../words/say.js";
import { useSelection } from "../lists/selection.js";
import { EndMany } from "./end_many.js";
import { FirstSteps } from "./first_steps.js";
import { NoneFound, refused, Terminal, Tools, useTotal } from "./list_of_sessions.js";
import { isTouched, LiveSwitch } from "./live.js";
import { Pager, usePages } from "./pager.js";
import { PickAll, pickColumn } from "./pick.js";
import { columnsOf, endColumn } from "./session_columns.js";
import { Held, SelectionBar } from "./session_tools.js";
import { Loading, Nothing, Table, Unread } from "./table.js";

// The focus on the tools over the rows holds none of them; a question about one does.
const HELD = ":has(tbody:focus-within, .held:focus, dialog[open])";

export function SessionsNow({ q, filter, change }) {
  const pages = usePages();
  const place = useRef(null);
  const selected = useRef(0);
  const [isPaused, setPaused] = useState(false);
  const columns = useChosenColumns("active");
  const total = useTotal({ q, filter });
  const isStill = () => selected.current > 0 || isTouched(place.current, HELD);
  const live = useLiveSessions({ q, filter, before: pages.before, isPaused, isStill }, () => total.isSlow || total.again());
  const selection = useSelection(live.list.rows);
  selected.current = selection.count;
  useEffect(pages.reset, [q, filter]);
  useEffect(selection.clear, [q, filter, pages.before]);
  const pause = (next) => {
    setPaused(next);
    if (!next) live.again();
  };
  const letIn = () => {
    place.current.focus({ preventScroll: true });
    live.letIn();
  };
  const onEnded = (ids) => {
    live.ended(ids);
    live.again();
  };
  return html`
    <${Tools} query=${{ q, filter }} change=${change} total=${total} columns=${columns} rows=${live.list.rows} error=${live.asked.error} />
    <section ref=${place} tabindex="-1" aria-label=${say("sessions.list")} class="moving">
      ${!refused(live.asked.error) && html`<div class="moving-tools">
        ${!pages.depth && html`<${LiveSwitch} state=${live.state} isPaused=${isPaused} onPause=${pause} />`}
        <${Held} list=${live.list} onLetIn=${letIn} />
        <${Selected} selection=${selection} live=${live} total=${total} pages=${pages} query=${{ q, filter }} onEnded=${onEnded} />
      </div>`}
      <${Rows} live=${live} chosen=${columns[0]} selection=${selection} isNarrowed=${Boolean(q || filter)} onEnded=${onEnded} />
    </section>
    <${Pager} pages=${pages} next=${live.asked.value?.next} name=${say("sessions.title")} />
    <${Terminal} query=${{ q, filter }} />`;
}

/** What is selected, and the question before it ends. */
function Selected({ selection, live, total, pages, query: { q, filter }, onEnded }) {
  const [isAsked, setAsked] = useState(false);
  if (!may("revoke") || !live.list.rows.length) return null;
  const isCut = pages.depth > 0 || Boolean(live.asked.value?.next);
  const count = Math.max(total.value?.count ?? 0, selection.count);
  const ended = (ids) => {
    selection.clear();
    onEnded(ids);
  };
  return html`
    <${PickAll} selection=${selection} />
    <${SelectionBar} selection=${selection} total=${count} isCut=${isCut} q=${q} onEnd=${() => setAsked(true)} />
    ${isAsked && html`<${EndMany}
      body=${selection.isAll ? { filter: filter || EVERY } : { ids: selection.selected }}
      onEnded=${ended}
      onClose=${() => setAsked(false)}
    />`}`;
}

function Rows({ live: { list, asked }, chosen, selection, isNarrowed, onEnded }) {
  const table = useMemo(() => {
    const end = endColumn((id) => onEnded([id]));
    const columns = columnsOf(chosen, may("revoke") ? { pick: pickColumn(selection), acts: end } : {});
    return html`<${Table}
      name=${say("sessions.title")}
      columns=${columns}
      rows=${list.rows}
      keyOf=${({ session }) => session.id}
      look=${({ mark }) => mark}
    />`;
  }, [chosen, list.rows, selection.selected.join(), selection.isAll]);
  if (refused(asked.error)) return null;
  if (list.key === null) return html`<${Unread} error=${asked.error} again=${asked.again} />`;
  if (list.rows.length) return table;
  return isNarrowed ? html`<${NoneFound} />` : html`<${Nobody} />`;
}

/** Without a session: the first steps where nobody ever came, and else only that nobody is there now. */
function Nobody() {
  const users = useAsked((signal) => ask("/app/users/count", { signal }), []);
  if (!users.value) return html`<${Loading} />`;
  if (!users.value.count) return html`<${FirstSteps} />`;
  return html`<${Nothing} title=${say("sessions.nobody")}><p>${say("sessions.nobody_means")}</p><//>`;
}
