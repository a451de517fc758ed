// Events as they happen, as the API streams them (WHATWG HTML §9.2), read by fetch: an EventSource cannot send
// the header that every call of a page carries.
//
// Held only while the page is seen: a browser opens six connections to one host, and tabs in the background that
// held one each would leave none for the tab in front.

import { open, rest } from "./calls.js";
import { frames } from "./server_sent.js";

const RESTS_MS = [1000, 2000, 5000, 10_000];

/**
 * Calls `onEvent(event)` for each event, only of `types` and of `user` where these are set, and
 * `onState("live" | "waiting")` as the connection comes and goes, until the function that this returns is
 * called. No event is lost in between: it goes on by the last id.
 */
export function follow(onEvent, onState, types = "", user = "") {
  const control = new AbortController();
  run(onEvent, onState, { type: types, user }, control.signal).catch((error) => {
    if (!control.signal.aborted) throw error;
  });
  return () => control.abort();
}

async function run(onEvent, onState, query, signal) {
  let last = "";
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    await seen(signal);
    const turn = whileSeen(signal);
    try {
      const headers = last ? { "Last-Event-ID": last } : {};
      const response = await open("/events/stream", { query, headers, signal: turn.signal });
      attempt = 0;
      onState("live");
      for await (const frame of frames(response.body)) {
        if (frame.id) last = frame.id;
        if (frame.data) onEvent(frame.event === "gap" ? { type: "gap" } : JSON.parse(frame.data));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error.status !== undefined && !error.passes) {
        onState("waiting");
        return;
      }
    } finally {
      turn.end();
    }
    onState("waiting");
    if (!document.hidden) await rest(RESTS_MS[Math.min(attempt, RESTS_MS.length - 1)], signal);
  }
}

/** Resolves once the page is seen; throws where `signal` aborts before. */
function seen(signal) {
  if (!document.hidden) return undefined;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    const see = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    document.addEventListener("visibilitychange", see, { once: true, signal });
    signal.addEventListener("abort", leave);
  });
}

/** A signal that aborts with `signal`, when the page is no longer seen, and by `end()`. */
function whileSeen(signal) {
  const control = new AbortController();
  const either = AbortSignal.any([signal, control.signal]);
  const end = () => control.abort();
  document.addEventListener("visibilitychange", end, { signal: either });
  return { signal: either, end };
}
