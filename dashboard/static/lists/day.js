// The last day: what was read of it, and what comes, as state that changes at most every few seconds.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { together } from "./arrivals.js";
import { ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { readOn } from "../api/reading.js";
import { follow } from "../api/stream.js";
import { goesBackADay, lastDay, ofLastDay } from "./tally.js";

const LIST = "/events";
const MOST_ANSWERS = 5;
const GATHERED_MS = 5000;

/** What is counted of a day, by name, and the types that count. */
export const COUNTED = Object.freeze({
  logins: ["login"],
  denials: ["login_denied"],
  new: ["new_device", "new_country"],
});

/** One after the other: of costly reads the API lets each token do two at a time. */
async function readPast(newest, signal) {
  const { events } = await ask(LIST, { query: { limit: newest }, signal });
  const read = {};
  for (const [name, types] of Object.entries(COUNTED)) {
    const isEnough = (rows) => goesBackADay({ rows, next: "more" }, Date.now());
    read[name] = await readOn(LIST, { query: { type: types.join(",") }, member: "events", pages: MOST_ANSWERS, signal, isEnough });
  }
  return { events, read };
}

/**
 * `counts` of the last day by name, and the `newest` events; both null until they are read. `isHeld()`: whether
 * nothing may move now.
 */
export function useDay({ newest, isHeld }) {
  const past = useAsked((signal) => readPast(newest, signal), []);
  const [news, setNews] = useState([]);
  const coming = useRef([]);
  const { again } = past;
  useEffect(() => {
    let hasBegun = false;
    const hear = (event) => (event.type === "gap" ? again() : coming.current.push(event));
    // What happened between the first reading and the stream's beginning is in neither.
    const tell = (state) => {
      if (state === "live" && !hasBegun) again();
      hasBegun ||= state === "live";
    };
    return follow(hear, tell);
  }, []);
  useEvery(GATHERED_MS, () => {
    if (!coming.current.length || isHeld()) return;
    const come = coming.current.splice(0);
    setNews((now) => [...ofLastDay(now, Date.now()), ...come]);
  });
  if (!past.value) return { counts: null, events: null, error: past.error, again };
  const { events, read } = past.value;
  const counts = Object.fromEntries(
    Object.entries(COUNTED).map(([name, types]) => [name, lastDay(read[name], news, types, Date.now())]),
  );
  return { counts, events: together({ shown: news }, events).slice(0, newest), error: past.error, again };
}
