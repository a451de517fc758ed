// The end of many sessions, step by step: counted first, then ended part by part, until it is done or stopped.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { revokeAll } from "../api/revoking.js";

const NOTHING = Object.freeze({ matched: 0, users: 0, yours: 0, ended: [], failed: [] });

/** `tally` with one more answer of the API: its counts go on from the first call, its lists are each call's own. */
export function tallied(tally, { matched, users, yours, revoked, failed }) {
  return {
    matched,
    users,
    yours,
    ended: [...tally.ended, ...revoked],
    failed: [...tally.failed, ...failed],
  };
}

/**
 * Counts what `body` finds, at once; `begin(reason)` ends it, `stop()` lets no further call go out, `goOn()`
 * repeats the call that failed.
 *
 * `phase` is "counting", "counted", "ending", "stopped", "failed" or "done"; `found` and `tally` are the counts
 * of what was found, and of what was ended.
 */
export function useEndingMany(body) {
  const [state, setState] = useState({ phase: "counting", found: NOTHING, tally: NOTHING, error: null });
  const isStopped = useRef(false);
  const open = useRef(null);
  const run = async (first, into, phases) => {
    const set = (some) => setState((now) => ({ ...now, ...some }));
    open.current = { first, into, phases };
    set({ phase: phases.during, error: null });
    try {
      const last = await revokeAll(first, (answer) => {
        setState((now) => ({ ...now, [into]: tallied(now[into], answer) }));
        if (answer.next) open.current.first = { next: answer.next };
        return !isStopped.current;
      });
      set({ phase: last.next ? "stopped" : phases.after });
    } catch (error) {
      if (error.status === undefined) throw error;
      set({ phase: "failed", error });
    }
  };
  useEffect(() => {
    run({ ...body, dry_run: true }, "found", { during: "counting", after: "counted" });
    return () => {
      isStopped.current = true;
    };
  }, []);
  return {
    ...state,
    begin: (reason) => run({ ...body, ...(reason && { reason }) }, "tally", { during: "ending", after: "done" }),
    goOn: () => run(open.current.first, open.current.into, open.current.phases),
    stop: () => {
      isStopped.current = true;
    },
  };
}
