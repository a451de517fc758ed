import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY_MS, goesBackADay, lastDay, ofLastDay } from "../../../../dashboard/static/lists/tally.js";

const NOW = Date.parse("2026-01-31T12:00:00Z");

function event(id, ago_ms, type = "login") {
  return { id, type, at: new Date(NOW - ago_ms).toISOString() };
}

test("what happened in the last day is counted, and what is older is not", () => {
  const rows = [event("a", 0), event("b", DAY_MS - 1), event("c", DAY_MS)];
  assert.deepEqual(ofLastDay(rows, NOW).map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(lastDay({ rows, next: "" }, [], ["login"], NOW), { count: 2, exact: true });
});

test("what comes counts with what was read, each once and only of the types asked for", () => {
  const read = { rows: [event("b", 2000), event("a", 3000)], next: "" };
  const news = [event("b", 2000), event("c", 1000), event("d", 500, "logout")];
  assert.equal(lastDay(read, news, ["login"], NOW).count, 3);
  assert.equal(lastDay(read, news, ["login", "logout"], NOW).count, 4);
});

test("a count is exact where a day was read, or all there is", () => {
  const young = event("a", 1000);
  assert.equal(goesBackADay({ rows: [young], next: "evt_1_0" }, NOW), false);
  assert.equal(goesBackADay({ rows: [young, event("b", DAY_MS)], next: "evt_1_0" }, NOW), true);
  assert.equal(goesBackADay({ rows: [young], next: "" }, NOW), true);
  assert.equal(goesBackADay({ rows: [], next: "evt_1_0" }, NOW), false);
  assert.equal(lastDay({ rows: [young], next: "evt_1_0" }, [], ["login"], NOW).exact, false);
});

test("a count that was of more than a day becomes less as time passes", () => {
  const read = { rows: [event("a", DAY_MS - 1000)], next: "" };
  assert.equal(lastDay(read, [], ["login"], NOW).count, 1);
  assert.equal(lastDay(read, [], ["login"], NOW + 1000).count, 0);
});
