import assert from "node:assert/strict";
import { test } from "node:test";
import { ended, gone, letIn, NOTHING, renewed } from "../../../../dashboard/static/lists/live_list.js";

function sessions(...ids) {
  return ids.map((id) => ({ id, requests: 1 }));
}

function reading(ids, rest = {}) {
  return { key: "all", sessions: sessions(...ids), isWhole: true, ...rest };
}

/** The rows as `id` and, where there is one, `id:mark`. */
function shown(list) {
  return list.rows.map(({ session, mark }) => (mark ? `${session.id}:${mark}` : session.id));
}

function held(list) {
  return list.held.map(({ id }) => id);
}

const FIRST = renewed(NOTHING, reading(["d", "c", "b"]), false);

test("what is read first is shown as it is", () => {
  assert.deepEqual(shown(FIRST), ["d", "c", "b"]);
  assert.deepEqual(held(FIRST), []);
});

test("where nothing must be still, new rows come in on top and ended ones are seen to end, then go", () => {
  const list = renewed(FIRST, reading(["f", "e", "d", "b"]), false);
  assert.deepEqual(shown(list), ["f:new", "e:new", "d", "c:over", "b"]);
  assert.deepEqual(shown(renewed(list, reading(["f", "e", "d", "b"]), false)), ["f:new", "e:new", "d", "b"]);
});

test("where rows must be still, none moves: new ones wait, ended ones stay", () => {
  const once = renewed(FIRST, reading(["f", "e", "d", "b"]), true);
  const twice = renewed(once, reading(["g", "f", "e", "b"]), true);
  assert.deepEqual(shown(once), ["d", "c:over", "b"]);
  assert.deepEqual(held(once), ["f", "e"]);
  assert.deepEqual(shown(twice), ["d:over", "c:over", "b"]);
  assert.deepEqual(held(twice), ["g", "f", "e"]);
});

test("what waits and has ended meanwhile does not come in", () => {
  const list = renewed(renewed(FIRST, reading(["e", "d", "c", "b"]), true), reading(["d", "c", "b"]), true);
  assert.deepEqual(held(list), []);
});

test("letting in puts what waits in its place, and takes what is over away", () => {
  const list = letIn(renewed(FIRST, reading(["f", "e", "d", "b"]), true));
  assert.deepEqual(shown(list), ["f:new", "e:new", "d", "b"]);
  assert.deepEqual(held(list), []);
});

test("rows that follow below come in at the end, where they move nothing", () => {
  const list = renewed(FIRST, reading(["d", "b", "a"]), true);
  assert.deepEqual(shown(list), ["d", "c:over", "b", "a"]);
  assert.deepEqual(held(list), []);
});

test("a row that new ones have pushed off the page has not ended", () => {
  const still = renewed(FIRST, reading(["f", "e", "d"], { isWhole: false }), true);
  assert.deepEqual(shown(still), ["d", "c", "b"]);
  assert.deepEqual(shown(letIn(still)), ["f:new", "e:new", "d"]);
  assert.deepEqual(shown(renewed(FIRST, reading(["f", "e", "d"], { isWhole: false }), false)), ["f:new", "e:new", "d"]);
});

test("where all the page is new, nothing older is shown with it", () => {
  const list = letIn(renewed(FIRST, reading(["i", "h", "g"], { isWhole: false }), true));
  assert.deepEqual(shown(list), ["i:new", "h:new", "g:new"]);
});

test("a row that lives on and is not asked for any more is told from one that has ended", () => {
  const list = renewed(FIRST, reading(["d"], { living: new Set(["c"]) }), true);
  assert.deepEqual(shown(list), ["d", "c:left", "b:over"]);
  assert.deepEqual(shown(renewed(list, reading(["d", "c"], { living: new Set() }), true)), ["d", "c", "b:over"]);
});

test("what a reading should have told of, and did not, is named", () => {
  assert.deepEqual(gone(FIRST, reading(["d"])), ["c", "b"]);
  assert.deepEqual(gone(FIRST, reading(["e", "d"], { isWhole: false })), []);
  assert.deepEqual(gone(ended(FIRST, ["c"]), reading(["d"])), ["b"]);
  assert.deepEqual(gone(FIRST, reading([], { key: "another" })), []);
});

test("an end stays an end, though a reading that began before tells otherwise", () => {
  const list = renewed(ended(FIRST, ["c"]), reading(["d", "c", "b"]), true);
  assert.deepEqual(shown(list), ["d", "c:over", "b"]);
});

test("only what is another changes: rows that say the same are the same rows", () => {
  assert.equal(renewed(FIRST, reading(["d", "c", "b"]), false).rows, FIRST.rows);
  const told = reading(["d", "c", "b"]);
  told.sessions[1].requests = 2;
  const list = renewed(FIRST, told, true);
  assert.deepEqual(list.rows.map((row, place) => row === FIRST.rows[place]), [true, false, true]);
  assert.equal(list.rows[1].session.requests, 2);
});

test("what is asked for anew replaces all, also under a hand", () => {
  const list = renewed(renewed(FIRST, reading(["e", "d"]), true), reading(["z"], { key: "another" }), true);
  assert.deepEqual(shown(list), ["z"]);
  assert.deepEqual(held(list), []);
});

test("an empty list takes in what comes at once", () => {
  const list = renewed(renewed(NOTHING, reading([]), true), reading(["a"]), true);
  assert.deepEqual(shown(list), ["a:new"]);
});
