// Events: what happened, newest first, and what happens while one looks.

import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { stillWaiting, together } from "../lists/arrivals.js";
import { useAsked } from "../api/asking.js";
import { curl, outerward } from "../words/commands.js";
import { useLocationState } from "../location_state.js";
import { readOn } from "../api/reading.js";
import { number, say } from "../words/say.js";
import { Commands, terminal } from "../parts/commands.js";
import { EventFilters } from "../parts/event_filters.js";
import { EventTable } from "../parts/event_table.js";
import { Export } from "../parts/export.js";
import { isTouched, LiveSwitch, useArrivals } from "../parts/live.js";
import { Clock } from "../parts/moment.js";
import { learn } from "../parts/names.js";
import { Pager, usePages } from "../parts/pager.js";
import { Failed, Loading, Nothing } from "../parts/table.js";

const LIST = "/events";
const STATE = { type: "", user: "" };
const PAGE_SIZE = 50;
// Of very many events few may be asked for: an answer may be empty, and the next may not be.
const MOST_ANSWERS = 50;

export default function Events() {
  const [{ type, user }, change] = useLocationState(STATE);
  const [isPaused, setPaused] = useState(false);
  const place = useRef(null);
  const pages = usePages();
  useEffect(pages.reset, [type, user]);
  const query = { type, user, limit: PAGE_SIZE, before_id: pages.before };
  const list = useAsked((signal) => readOn(LIST, {
    query, member: "events", pages: MOST_ANSWERS, signal, isEnough: (rows) => rows.length > 0,
  }), [type, user, pages.before]);
  const isNewest = pages.depth === 0;
  const live = useArrivals({ types: type, user, isHeld: () => isPaused || isTouched(place.current), onGap: list.again, isOn: isNewest });
  const loaded = list.isCurrent && list.value ? list.value.rows : [];
  const rows = useMemo(() => (isNewest ? together(live.arrivals, loaded) : loaded), [live.arrivals, list.value, isNewest]);
  useMemo(() => learn(rows), [rows]);
  const pause = (isNow) => {
    setPaused(isNow);
    if (!isNow) live.letIn();
  };
  const waiting = isNewest ? stillWaiting(live.arrivals, loaded).length : 0;
  return html`<${Clock}>
    <div class="tools">
      <${EventFilters} type=${type} user=${user} onChange=${(some) => change(some, { step: true })} />
      <p class="count">${isNewest && rows.length > 0 && say("events.newest", { count: rows.length, shown: number(rows.length) })}</p>
      ${isNewest && html`<${LiveSwitch} state=${live.state} isPaused=${isPaused} onPause=${pause} />`}
      <${Export} path=${LIST} query=${{ type, user }} member="events" name="events" formats=${["json"]} />
    </div>
    <${Waiting} count=${waiting} onLetIn=${live.letIn} />
    <div ref=${place}><${List} list=${list} rows=${rows} isNarrowed=${type || user} /></div>
    <${Pager} pages=${pages} next=${nextBehind(rows, loaded, list.value)} name=${say("events.title")} />
    <${Commands} lines=${[
      ...terminal(curl(address(LIST, { type, user })), outerward(["events", "ls"], { type, user })),
      { what: say("events.follow"), text: outerward(["events", "tail"], { type }) },
    ]} />
  <//>`;
}

/** Where older events begin: behind the last that is shown, of which fewer may be than were loaded. */
function nextBehind(rows, loaded, answer) {
  const last = rows.at(-1)?.id;
  return last && last !== loaded.at(-1)?.id ? last : (answer?.next ?? "");
}

function Waiting({ count, onLetIn }) {
  return html`<div role="status" class="waiting">
    ${count > 0 && html`<button type="button" onClick=${onLetIn}>${say("events.waiting", { count })}</button>`}
  </div>`;
}

function List({ list, rows, isNarrowed }) {
  if (list.value === null || !list.isCurrent) {
    if (list.error && !list.error.passes) return html`<${Failed} error=${list.error} again=${list.again} />`;
    if (list.value === null || list.isSlow) return html`<${Loading} />`;
  }
  if (rows.length) return html`<${EventTable} rows=${rows} />`;
  if (!isNarrowed) return html`<${Nothing} title=${say("events.none")}><p>${say("events.none_means")}</p><//>`;
  return html`<${Nothing} title=${say("events.none_found")}><p>${say("events.none_found_means")}</p><//>`;
}
