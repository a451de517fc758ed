import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionPage, userPage } from "../../../../dashboard/static/words/addresses.js";

test("an id leads to its page", () => {
  assert.equal(userPage("edgusr_1"), "/dashboard/users/edgusr_1");
  assert.equal(sessionPage("edgses_1"), "/dashboard/sessions/edgses_1");
});

test("whatever an id holds, it is one part of the path", () => {
  for (const page of [userPage, sessionPage]) {
    const { origin, pathname, search, hash } = new URL(page("../x/y?z#?a b//e"), "https://admin.example.com");
    assert.deepEqual([origin, pathname.split("/").length, search, hash], ["https://admin.example.com", 4, "", ""]);
  }
});
