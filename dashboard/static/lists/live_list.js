// A list that is looked at while it changes: what comes in at once, what waits, and what stays though it is over.
//
// Pure: knows sessions by their ids alone, which are the later the greater. A row is `{ session, mark }` with mark
// "", "new", "over" (it has ended) or "left" (it lives on, and is not what is asked for any more).

/** Nothing read yet. `from` is the id down to which the last reading tells everything. */
export const NOTHING = Object.freeze({ key: null, rows: [], held: [], from: "" });

/**
 * `list` after a reading: `sessions` (newest first) of what `key` asks for, `isWhole` where no more follow, and
 * `living`, the ids of `gone` sessions that have not ended, or null where being away means the end.
 *
 * Where `isStill`, no row moves: what is new above waits in `held`, and what is over stays.
 */
export function renewed(list, { key, sessions, isWhole, living = null }, isStill) {
  const from = isWhole ? "" : sessions.at(-1).id;
  if (list.key !== key) return { key, rows: sessions.map((session) => ({ session, mark: "" })), held: [], from };
  const fresh = new Map(sessions.map((session) => [session.id, session]));
  const last = list.rows.at(-1)?.session.id;
  const stays = (row) => isStill || !(isAway(row) || row.session.id < from);
  const kept = list.rows.filter(stays).map((row) => renewedRow(row, fresh, from, living));
  const shown = new Set(list.rows.map(({ session }) => session.id));
  const others = sessions.filter(({ id }) => !shown.has(id));
  const isAbove = ({ id }) => last !== undefined && id > last;
  const held = isStill ? others.filter(isAbove) : [];
  const entering = others.filter((session) => !held.includes(session));
  const markOf = (session) => (last === undefined || isAbove(session) ? "new" : "");
  const rows = sorted([...kept, ...entering.map((session) => ({ session, mark: markOf(session) }))]);
  return { key, rows: unchanged(rows, list.rows) ? list.rows : rows, held, from };
}

/** The ids of the rows that a reading should have told of, and did not. */
export function gone(list, { key, sessions, isWhole }) {
  if (list.key !== key) return [];
  const from = isWhole ? "" : sessions.at(-1).id;
  const told = new Set(sessions.map(({ id }) => id));
  const ids = list.rows.filter((row) => row.mark !== "over").map(({ session }) => session.id);
  return ids.filter((id) => id >= from && !told.has(id));
}

/** `list` with what waits in its place, and without what is over. */
export function letIn(list) {
  const kept = list.rows.filter((row) => !isAway(row) && row.session.id >= list.from);
  return { ...list, rows: sorted([...list.held.map((session) => ({ session, mark: "new" })), ...kept]), held: [] };
}

/** `list` with the end of the sessions `ids`. */
export function ended(list, ids) {
  const over = new Set(ids);
  return { ...list, rows: list.rows.map((row) => (over.has(row.session.id) ? { ...row, mark: "over" } : row)) };
}

function renewedRow(row, fresh, from, living) {
  const { session, mark } = row;
  if (mark === "over") return row;
  const now = fresh.get(session.id);
  if (now) return mark !== "left" && isSame(now, session) ? row : { session: now, mark: mark === "left" ? "" : mark };
  if (session.id < from) return row;
  return { session, mark: living?.has(session.id) ? "left" : "over" };
}

function isAway({ mark }) {
  return mark === "over" || mark === "left";
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function unchanged(rows, before) {
  return rows.length === before.length && rows.every((row, place) => row === before[place]);
}

function sorted(rows) {
  return rows.sort((one, other) => (one.session.id < other.session.id ? 1 : -1));
}
