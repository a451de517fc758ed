import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { actorOf, changesOf, deviceIn, newestFirst, orderOf, sentenceOf, TYPES } from "../../../../dashboard/static/words/event_words.js";

const texts = JSON.parse(readFileSync(new URL("../../../../dashboard/texts/en/events.json", import.meta.url)));

function event(type, details = {}, sessions = []) {
  return { type, details, sessions };
}

test("every type of event has a sentence and a name in the catalogue", () => {
  for (const type of TYPES) {
    assert.ok(texts[`events.told.${sentenceOf(event(type)).key}`], type);
    assert.ok(texts[`events.type.${type}`], type);
  }
});

test("the types that the pages offer are those of the API's description", () => {
  const description = readFileSync(new URL("../../../../admin_api/openapi.yaml", import.meta.url), "utf8");
  const [, listed] = /EventType:[^]*?enum:\n((?: +- [a-z_]+\n)+)/.exec(description);
  assert.deepEqual([...TYPES].sort(), listed.match(/[a-z_]+/g).sort());
});

test("some sentences depend on why, and each is in the catalogue", () => {
  const cases = [
    [event("login", { tunnel: "wiki" }), "login"],
    [event("login", { place: "dashboard" }), "login.dashboard"],
    [event("login_denied", { reason: "not_allowed" }), "login_denied"],
    [event("login_denied", { reason: "blocked" }), "login_denied.blocked"],
    [event("logout", { reason: "logout" }), "logout"],
    [event("logout", { reason: "back_channel" }), "logout.provider"],
    [event("logout", { reason: "front_channel" }), "logout.provider"],
    [event("logout", { reason: "saml_logout" }), "logout.provider"],
    [event("dashboard_login", { by: "token" }), "dashboard_login.token"],
    [event("dashboard_login", { by: "link" }), "dashboard_login.link"],
    [event("dashboard_login", { by: "provider" }), "dashboard_login"],
    [event("earthquake"), "other"],
    [event("constructor"), "other"],
  ];
  for (const [told, key] of cases) {
    assert.equal(sentenceOf(told).key, key);
    assert.ok(texts[`events.told.${key}`], key);
  }
});

test("a sentence counts the sessions, and one that names none is about one", () => {
  assert.equal(sentenceOf(event("revoke", {}, ["a", "b", "c"])).count, 3);
  assert.equal(sentenceOf(event("revoke")).count, 1);
});

test("an actor is a user, a token, a provider, the bootstrap token, time, or something else", () => {
  const cases = {
    edgusr_1: { kind: "user", id: "edgusr_1" },
    "token:owtok_1": { kind: "token", id: "owtok_1" },
    "provider:a:b": { kind: "provider", id: "a:b" },
    bootstrap: { kind: "bootstrap", id: "" },
    time: { kind: "time", id: "" },
    "token:": { kind: "other", id: "token:" },
    "ghost:1": { kind: "other", id: "ghost:1" },
    "": { kind: "other", id: "" },
  };
  for (const [actor, told] of Object.entries(cases)) assert.deepEqual(actorOf(actor), told);
});

test("what changed is told as far as it is known", () => {
  assert.deepEqual(changesOf({ changed: "ip,country,device" }), ["ip", "country", "device"]);
  assert.deepEqual(changesOf({ changed: "ip,smell" }), ["ip"]);
  assert.deepEqual(changesOf({}), []);
});

test("a device is one text, or browser and system", () => {
  assert.deepEqual(deviceIn({ device: "Firefox on Linux", browser_name: "x" }), { text: "Firefox on Linux" });
  assert.deepEqual(deviceIn({ browser_name: "Firefox" }), { browser_name: "Firefox", os_name: "" });
});

test("events are ordered by time and number, as numbers", () => {
  const ids = ["evt_9_0", "evt_10_2", "evt_10_10", "evt_100_0"];
  const sorted = ids.map((id) => ({ id })).sort(newestFirst).map(({ id }) => id);
  assert.deepEqual(sorted, ["evt_100_0", "evt_10_10", "evt_10_2", "evt_9_0"]);
  assert.deepEqual(orderOf("something else"), [0, 0]);
});
