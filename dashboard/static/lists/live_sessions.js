// The sessions as they are now: read again at times, and shortly after events that change them.

import { useCallback, useEffect, useRef, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { ended, gone, letIn, NOTHING, renewed } from "./live_list.js";
import { nextOf } from "../api/reading.js";
import { follow } from "../api/stream.js";

const LIST = "/app/sessions";
const REFRESHED_MS = 10_000;
const SOON_MS = 300;
const APART_MS = 1000;
const AFTER_LOGIN_MS = 2000;
const IDS_AT_ONCE = 50;
const TYPES = "login,logout,revoke,end,access_changed,new_device,new_country,user_deleted,block";

/**
 * The live sessions that `q` and `filter` ask for behind `before`, as a list of `live_list`; `again()` reads anew.
 *
 * The newest page is read again by itself unless `isPaused`; `isStill()` says whether its rows must not move.
 * `state` is "live" or "waiting".
 */
export function useLiveSessions({ q, filter, before, isPaused, isStill }, onRead) {
  const [list, setList] = useState(NOTHING);
  const latest = useRef(list);
  latest.current = list;
  const readings = useRef({ running: 0, begun: 0 });
  const read = async (signal) => {
    readings.current.running += 1;
    readings.current.begun = Date.now();
    try {
      return await reading(latest.current, { q, filter, before_id: before }, signal);
    } finally {
      readings.current.running -= 1;
    }
  };
  const asked = useAsked(read, [q, filter, before]);
  useEffect(() => {
    if (asked.value) setList((now) => renewed(now, asked.value, before !== "" || isStill()));
  }, [asked.value]);
  const again = () => {
    asked.again();
    onRead();
  };
  const isRefused = asked.error !== null && !asked.error.passes;
  const isOn = !isPaused && !before && !isRefused;
  const stream = useNudges(isOn, again, readings);
  return {
    list,
    asked,
    again,
    state: asked.error?.passes ? "waiting" : stream,
    letIn: useCallback(() => setList(letIn), []),
    ended: useCallback((ids) => setList((now) => ended(now, ids)), []),
  };
}

async function reading(list, query, signal) {
  const answer = await ask(LIST, { query, signal });
  const told = { key: JSON.stringify(query), sessions: answer.application_sessions, isWhole: !answer.next_page_uri };
  const isNarrowed = Boolean(query.q || query.filter);
  return { ...told, next: nextOf(answer), living: isNarrowed ? await living(gone(list, told), signal) : null };
}

/** Those of the sessions `ids` that have not ended. */
async function living(ids, signal) {
  const found = new Set();
  for (let begin = 0; begin < ids.length; begin += IDS_AT_ONCE) {
    const filter = `obj.id in ${JSON.stringify(ids.slice(begin, begin + IDS_AT_ONCE))}`;
    const answer = await ask(LIST, { query: { filter }, signal });
    for (const { id } of answer.application_sessions) found.add(id);
  }
  return found;
}

/** Calls `again()` at times and soon after events, never while something is read; what the stream's state is. */
function useNudges(isOn, again, readings) {
  const [stream, setStream] = useState("waiting");
  const latest = useRef(again);
  latest.current = again;
  useEvery(REFRESHED_MS, () => isOn && !readings.current.running && again());
  useEffect(() => {
    if (!isOn) return undefined;
    let [soonTimer, loginTimer] = [0, 0];
    const soon = () => {
      const rest = Math.max(SOON_MS, readings.current.begun + APART_MS - Date.now());
      soonTimer ||= setTimeout(act, rest);
    };
    const act = () => {
      soonTimer = 0;
      if (readings.current.running) soon();
      else latest.current();
    };
    const hear = ({ type }) => {
      soon();
      if (type !== "login") return;
      clearTimeout(loginTimer);
      loginTimer = setTimeout(soon, AFTER_LOGIN_MS);
    };
    const leave = follow(hear, setStream, TYPES);
    return () => {
      leave();
      clearTimeout(soonTimer);
      clearTimeout(loginTimer);
    };
  }, [isOn]);
  return stream;
}
