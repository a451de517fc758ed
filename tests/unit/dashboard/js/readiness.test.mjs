import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { askReadiness } from "../../../../dashboard/static/api/readiness.js";

const real = globalThis.fetch;
const never = new AbortController().signal;
const answers = (body, status) => {
  globalThis.fetch = async () => new Response(body, { status });
};
afterEach(() => {
  globalThis.fetch = real;
});

test("what is missing is told by part, and nothing where all is there", async () => {
  answers("{}", 200);
  assert.deepEqual((await askReadiness(never)).missing, {});
  answers('{"store": "down", "edge": "starting"}', 503);
  assert.deepEqual((await askReadiness(never)).missing, { store: "down", edge: "starting" });
});

test("an answer that says nothing of it is not taken for a good one", async () => {
  for (const [body, status] of [["{}", 500], ['{"msg": "no"}', 401], ["<html>", 200], ["", 503]]) {
    answers(body, status);
    assert.equal((await askReadiness(never)).missing, null);
  }
  globalThis.fetch = async () => {
    throw new TypeError("no connection");
  };
  assert.equal((await askReadiness(never)).missing, null);
});

test("who does not wait any more hears nothing", async () => {
  const control = new AbortController();
  globalThis.fetch = async () => {
    control.abort();
    throw control.signal.reason;
  };
  await assert.rejects(askReadiness(control.signal), { name: "AbortError" });
});

test("no credentials go with the question", async () => {
  let asked;
  globalThis.fetch = async (path, options) => {
    asked = { path, credentials: options.credentials };
    return new Response("{}");
  };
  await askReadiness(never);
  assert.deepEqual(asked, { path: "/readyz", credentials: "omit" });
});
