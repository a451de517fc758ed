// What comes while a list is looked at: let in at once, or kept waiting so that nothing moves under a hand.
//
// Knows neither what comes nor how it is shown; all newer than what was there before.

import { newestFirst } from "../words/event_words.js";

export const NONE = Object.freeze({ shown: [], waiting: [] });

/** How many are kept of each; what is older is read again from the API. */
export const MOST = 200;

/**
 * `state` with `event` in it. It waits where `isHeld`, and where others wait already: order is kept, and what
 * waits is let in by hand.
 */
export function arrived(state, event, isHeld) {
  if ([...state.shown, ...state.waiting].some(({ id }) => id === event.id)) return state;
  if (isHeld || state.waiting.length) return { ...state, waiting: [event, ...state.waiting].slice(0, MOST) };
  return { ...state, shown: [event, ...state.shown].slice(0, MOST) };
}

/** All that waits, let in. */
export function letIn({ shown, waiting }) {
  return { shown: [...waiting, ...shown], waiting: [] };
}

/** What is to be seen: what came in and what was `loaded`, each once, newest first. */
export function together({ shown }, loaded) {
  const all = new Map([...loaded, ...shown].map((event) => [event.id, event]));
  return [...all.values()].sort(newestFirst).slice(0, MOST);
}

/** Those that wait and are not in what was `loaded` since. */
export function stillWaiting({ waiting }, loaded) {
  const there = new Set(loaded.map(({ id }) => id));
  return waiting.filter(({ id }) => !there.has(id));
}
