import assert from "node:assert/strict";
import { test } from "node:test";
import { arrived, letIn, MOST, NONE, stillWaiting, together } from "../../../../dashboard/static/lists/arrivals.js";

const event = (number) => ({ id: `evt_${number}_0` });
const ids = (events) => events.map(({ id }) => Number(id.split("_")[1]));
const after = (numbers, isHeld) => numbers.reduce((state, number) => arrived(state, event(number), isHeld), NONE);

test("what comes is shown at once, newest first, over what was loaded", () => {
  assert.deepEqual(ids(together(after([3, 4], false), [event(2), event(1)])), [4, 3, 2, 1]);
});

test("while a list is held, what comes waits, and nothing shown moves", () => {
  const state = after([3, 4], true);
  assert.deepEqual(ids(together(state, [event(2)])), [2]);
  assert.deepEqual(ids(stillWaiting(state, [event(2)])), [4, 3]);
});

test("what comes behind what waits waits too, though nothing is held any more", () => {
  const state = arrived(after([3], true), event(4), false);
  assert.deepEqual([ids(state.shown), ids(state.waiting)], [[], [4, 3]]);
});

test("what waits is let in together", () => {
  const state = letIn(arrived(after([3], false), event(4), true));
  assert.deepEqual([ids(state.shown), ids(state.waiting)], [[4, 3], []]);
});

test("an event that comes twice, or was loaded too, is there once", () => {
  assert.deepEqual(ids(arrived(after([3], false), event(3), false).shown), [3]);
  assert.deepEqual(ids(arrived(after([3], true), event(3), true).waiting), [3]);
  assert.deepEqual(ids(together(after([3], false), [event(3), event(2)])), [3, 2]);
  assert.deepEqual(ids(stillWaiting(after([3, 4], true), [event(3)])), [4]);
});

test("of very many the newest are kept, and what is shown has no hole", () => {
  const many = Array.from({ length: MOST + 50 }, (_, place) => place + 10);
  for (const state of [after(many, false), letIn(after(many, true)), letIn(many.reduce((now, number) => arrived(now, event(number), true), after([5], false)))]) {
    const shown = ids(together(state, [event(2), event(1)]));
    assert.equal(shown.length, MOST);
    assert.deepEqual(shown, many.slice(-MOST).reverse());
  }
});
