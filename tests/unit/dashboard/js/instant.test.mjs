import assert from "node:assert/strict";
import { test } from "node:test";
import { rfc3339 } from "../../../../dashboard/static/words/instant.js";

test("a time is written in whole seconds of UTC, rounded to none that has not come", () => {
  const at = Date.parse("2026-01-31T12:00:00Z");
  assert.equal(rfc3339(at), "2026-01-31T12:00:00Z");
  assert.equal(rfc3339(at + 999), "2026-01-31T12:00:00Z");
});
