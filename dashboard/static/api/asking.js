// What a page asks the API for, as state: the last answer, what went wrong since, and whether it is on its way.

import { useCallback, useEffect, useRef, useState } from "../vendor/preact.js";
import { health, rest } from "./calls.js";

const RESTS_MS = [1000, 2000, 4000, 8000];
const SLOW_MS = 300;
const SETTLED_MS = 50;

let unanswered = 0;

/** The page is busy until each part of it has its first answer (WAI-ARIA 1.2, `aria-busy`). */
function wait(count) {
  unanswered += count;
  document.getElementById("app").setAttribute("aria-busy", String(unanswered > 0));
}

/** Counts what renders it among the parts that wait, until the function that this returns is called. */
function useFirstAnswer() {
  const isThere = useRef(false);
  const come = useCallback(() => {
    // What the answer shows may have parts that ask for more.
    if (!isThere.current) setTimeout(wait, SETTLED_MS, -1);
    isThere.current = true;
  }, []);
  useEffect(() => {
    wait(1);
    return come;
  }, []);
  return come;
}

/**
 * Calls `load(signal)` now and whenever one of `inputs` changes.
 *
 * `value` stays what it was until the next answer is there, also where the store is away: then it is asked
 * for again until it answers. Where the API refuses what other `inputs` ask for, it is null: what was there
 * before is no answer to them. `isSlow` is true once an answer is waited for noticeably.
 */
export function useAsked(load, inputs) {
  const [state, setState] = useState({ value: null, of: null, error: null, isSlow: false, inputs: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const come = useFirstAnswer();

  useEffect(() => {
    const control = new AbortController();
    const slow = setTimeout(() => setState((now) => ({ ...now, isSlow: true })), SLOW_MS);
    answer(latest, control.signal, (change) => {
      clearTimeout(slow);
      setState((now) => told(now, inputs, change));
      come();
    });
    return () => {
      clearTimeout(slow);
      control.abort();
    };
  }, [...inputs, turn]);

  const again = useCallback(() => setTurn((count) => count + 1), []);
  const isCurrent = isSame(state.inputs, inputs);
  return { value: state.value, error: state.error, isSlow: state.isSlow, isCurrent, again };
}

function told(now, inputs, { error, ...answer }) {
  const next = { ...now, isSlow: false, inputs, error };
  if (!error) return { ...next, ...answer, of: inputs };
  return error.passes || isSame(now.of, inputs) ? next : { ...next, value: null };
}

function isSame(one, other) {
  return one !== null && one.every((input, place) => Object.is(input, other[place]));
}

async function answer(load, signal, tell) {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const value = await load.current(signal);
      if (!signal.aborted) tell({ value, error: null });
      return;
    } catch (error) {
      if (signal.aborted) return;
      tell({ error });
      if (!error.passes) {
        if (error.status === undefined) throw error;
        return;
      }
      await pause(RESTS_MS[Math.min(attempt, RESTS_MS.length - 1)], signal);
    }
  }
}

/** Waits for `ms`, or until the store is heard of again. */
async function pause(ms, signal) {
  const over = new AbortController();
  const up = new Promise((resolve) => health.addEventListener("up", resolve, { once: true, signal: over.signal }));
  await Promise.race([rest(ms, signal), up]).catch(() => {});
  over.abort();
}

/** Calls `act` each `ms` while the page is seen. */
export function useEvery(ms, act) {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && latest.current(), ms);
    return () => clearInterval(timer);
  }, [ms]);
}
