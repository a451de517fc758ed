// Lists of the API: where the next answer begins, and reading further than one.

import { ask } from "./calls.js";

/** The position behind which the next page of an answer begins; "" on the last. */
export function nextOf(answer) {
  return answer?.next_page_uri ? (new URL(answer.next_page_uri).searchParams.get("before_id") ?? "") : "";
}

/**
 * The rows of `member` at `path`, of at most `pages` answers, and where the next would begin ("" at the end).
 * `isEnough(rows)` ends it earlier.
 */
export async function readOn(path, { query = {}, member, pages, signal, isEnough = () => false }) {
  const rows = [];
  let next = query.before_id ?? "";
  for (let read = 0; read < pages; read += 1) {
    const answer = await ask(path, { query: { ...query, before_id: next }, signal });
    rows.push(...answer[member]);
    next = nextOf(answer);
    if (!next || isEnough(rows)) break;
  }
  return { rows, next };
}
