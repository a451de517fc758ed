// How much happened in the last day: of what was read of the past, and of what has come since.

export const DAY_MS = 86_400_000;

function isYoung({ at }, now) {
  return Date.parse(at) > now - DAY_MS;
}

/** Those of `events` that happened in the day before `now` (Unix ms). */
export function ofLastDay(events, now) {
  return events.filter((event) => isYoung(event, now));
}

/** Whether what was read goes back to a day before `now`; `rows` are newest first, `next` is "" at the end. */
export function goesBackADay({ rows, next }, now) {
  return next === "" || (rows.length > 0 && !isYoung(rows.at(-1), now));
}

/**
 * How many of `types` happened in the day before `now`, as the API tells counts: of `read` and of `news`, each
 * once. Not exact where not all of the day was read: at least so many.
 */
export function lastDay(read, news, types, now) {
  const all = new Map([...read.rows, ...news].map((event) => [event.id, event]));
  const count = ofLastDay([...all.values()], now).filter(({ type }) => types.includes(type)).length;
  return { count, exact: goesBackADay(read, now) };
}
