import assert from "node:assert/strict";
import { test } from "node:test";
import { added, around, conditionsOf, ofLive, without, written } from "../../../../dashboard/static/words/filter_language.js";

const NOW = Date.parse("2026-01-31T12:00:00Z");

const PLAIN = [
  [{ field: "country_code", operator: "is", value: "SE" }, 'obj.country_code == "SE"'],
  [{ field: "tunnel", operator: "is_not", value: 'a "b" \\ c' }, String.raw`obj.tunnel != "a \"b\" \\ c"`],
  [{ field: "ip_address", operator: "within", value: "10.0.0.0/8" }, 'inCidr(obj.ip_address, "10.0.0.0/8")'],
  [{ field: "name", operator: "contains", value: "&& || (" }, 'obj.name.contains("&& || (")'],
  [{ field: "browser_name", operator: "begins", value: "Fire" }, 'obj.browser_name.startsWith("Fire")'],
  [{ field: "last_active", operator: "before", value: "2026-01-31T12:00:00Z" }, 'obj.last_active < timestamp("2026-01-31T12:00:00Z")'],
  [{ field: "created_at", operator: "after", value: "2026-01-31T12:00:00Z" }, 'obj.created_at > timestamp("2026-01-31T12:00:00Z")'],
  [{ field: "flags", operator: "has", value: "new_device" }, '"new_device" in obj.outerward.flags'],
  [{ field: "ended_reason", operator: "is", value: "revoked" }, 'obj.ended_reason == "revoked"'],
];

test("each plain condition is written in the API's language, and read back from it", () => {
  for (const [condition, text] of PLAIN) {
    assert.equal(written(condition, NOW), text);
    assert.deepEqual(conditionsOf(text), [{ text, condition }]);
  }
});

test("all of them joined come apart again in their order", () => {
  const filter = PLAIN.reduce((all, [, text]) => added(all, text), "");
  assert.deepEqual(conditionsOf(filter).map(({ condition }) => condition), PLAIN.map(([condition]) => condition));
});

test("a time that is told by its distance is written as the time that it is", () => {
  const older = { field: "last_active", operator: "older", value: { amount: 2, unit: "hours" } };
  const newer = { field: "last_active", operator: "newer", value: { amount: 1, unit: "days" } };
  assert.equal(written(older, NOW), 'obj.last_active < timestamp("2026-01-31T10:00:00Z")');
  assert.equal(written(newer, NOW), 'obj.last_active > timestamp("2026-01-30T12:00:00Z")');
});

test("what is no plain condition stays the text that it is", () => {
  const texts = [
    '!(obj.tunnel == "a")',
    '(obj.tunnel == "a" || obj.tunnel == "b")',
    "obj.country_code in [\"SE\", \"NO\"]",
    "obj.outerward.requests > 100",
    'obj.unknown == "x"',
    'obj.toString == "x"',
    'obj.last_active < timestamp("yesterday")',
    String.raw`obj.name == "\a"`,
    "obj.name == 'single'",
  ];
  for (const text of texts) assert.deepEqual(conditionsOf(text), [{ text, condition: null }]);
});

test("a filter that is no list of conditions is not taken apart", () => {
  const texts = ['obj.a == "1" || obj.b == "2"', 'obj.a == "x', "obj.a == 'x", "(obj.a", "obj.a)", "a && ", "&& a", "a && && b", ")("];
  for (const text of texts) assert.equal(conditionsOf(text), null, text);
});

test("an empty filter has no conditions", () => {
  assert.deepEqual(conditionsOf("  "), []);
  assert.equal(added(" ", "a"), "a");
});

test("signs within texts and brackets part nothing", () => {
  const filter = String.raw`obj.name == "a && \" b" && (x && y) && z in ["&&"]`;
  assert.deepEqual(conditionsOf(filter).map(({ text }) => text), [String.raw`obj.name == "a && \" b"`, "(x && y)", 'z in ["&&"]']);
});

test("one more condition holds together with all that was there", () => {
  assert.equal(added('obj.a == "1" || obj.b == "2"', "c"), '(obj.a == "1" || obj.b == "2") && c');
  assert.equal(added("a && b", "c"), "a && b && c");
});

test("a condition is taken out by its place", () => {
  assert.equal(without("a && b && a", 0), "b && a");
  assert.equal(without("a", 0), "");
});

test("what only ended sessions have is not asked of live ones", () => {
  assert.equal(ofLive('obj.ended_reason == "idle" && obj.tunnel == "a" && obj.outerward.ended_by == "time"'), 'obj.tunnel == "a"');
  assert.equal(ofLive("a || b"), "a || b");
});

test("a place counts characters as the API does, and may be the end", () => {
  assert.deepEqual(around("😀 = x", 2), { before: "😀 ", at: "=", after: " x" });
  assert.deepEqual(around("abc", 3), { before: "abc", at: "", after: "" });
});
