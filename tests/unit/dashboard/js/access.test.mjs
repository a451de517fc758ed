import assert from "node:assert/strict";
import { test } from "node:test";
import {
  entriesOf,
  isKnown,
  isOfSession,
  isSameText,
  machineOf,
  majorOf,
  mapAddress,
  versioned,
  webAddress,
} from "../../../../dashboard/static/words/access.js";

const LYON = { country_code: "FR", latitude: 45.764, longitude: 4.8357, lat_long_radius_km: 10 };

function sessionAt(id, tunnel, edge = null) {
  return { id, edge: edge && { id: edge }, outerward: { tunnel } };
}

test("a family has its version where there is one, and an unknown family is nothing", () => {
  assert.equal(versioned("Firefox", "133.0"), "Firefox 133.0");
  assert.equal(versioned("Linux", ""), "Linux");
  assert.equal(versioned("Other", "3"), null);
  assert.equal(versioned("", "3"), null);
});

test("of a machine is told what is known", () => {
  const told = (device_type, os_name, os_version) => machineOf({ device_type, os_name, os_version });
  assert.deepEqual(told("Mobile", "iOS", "18.1"), ["Mobile", "iOS 18.1"]);
  assert.deepEqual(told("Other", "Windows", ""), ["Windows"]);
  assert.deepEqual(told("Bot", "Other", ""), ["Bot"]);
  assert.deepEqual(told("Other", "Other", ""), []);
});

test("a map is shown as near as the place is exact", () => {
  assert.equal(mapAddress(LYON), "https://www.openstreetmap.org/?mlat=45.764&mlon=4.8357#map=10/45.764/4.8357");
  const zoom = (radius) => /map=(\d+)/.exec(mapAddress({ ...LYON, lat_long_radius_km: radius }))[1];
  assert.deepEqual([0, 5, 6, 100, 500, 501, null].map(zoom), ["12", "12", "10", "8", "6", "4", "10"]);
});

test("zero is a place, and a missing half is none", () => {
  assert.match(mapAddress({ ...LYON, latitude: 0, longitude: 0 }), /mlat=0&mlon=0#/);
  for (const location of [null, { ...LYON, latitude: null }, { ...LYON, longitude: null }]) {
    assert.equal(mapAddress(location), null);
  }
});

test("nothing but the web is linked to", () => {
  assert.equal(webAddress("https://id.example.com/realm"), "https://id.example.com/realm");
  assert.equal(webAddress("http://app.localhost:4180"), "http://app.localhost:4180");
  for (const text of ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "urn:idp", "corp", "", "//x"]) {
    assert.equal(webAddress(text), null, text);
  }
});

test("a session at a route is called by its edge, another by its tunnel", () => {
  const sessions = [sessionAt("3", "wiki", "edge_1"), sessionAt("2", "app"), sessionAt("1", "gone", "edge_2")];
  const titles = entriesOf(sessions, { edge_1: "docs", edge_2: "" }).map(({ title }) => title);
  assert.deepEqual(titles, ["app", "docs", "gone"]);
});

test("entries stand by name, and the newest first within", () => {
  const sessions = [sessionAt("2", "b"), sessionAt("1", "a"), sessionAt("3", "a"), sessionAt("4", "b")];
  const ids = entriesOf(sessions, {}).map(({ session }) => session.id);
  assert.deepEqual(ids, ["3", "1", "4", "2"]);
});

test("an event is of a session that it is about, or that it names among others", () => {
  const event = { object: { kind: "session", id: "edgses_1" }, sessions: ["edgses_2"] };
  assert.deepEqual(["edgses_1", "edgses_2", "edgses_3"].map((id) => isOfSession(event, id)), [true, true, false]);
});

test("a name is the same however its blanks and letters are typed, and another is another", () => {
  assert.ok(isSameText(" Chloe\u0301  Martel ", "Chlo\u00e9 Martel"));
  assert.ok(isSameText("Ada Lovelace", "Ada\u00a0Lovelace"));
  assert.ok(!isSameText("chloé martel", "Chloé Martel"));
  assert.ok(!isSameText("", " "));
});

test("what was not recognised is not known", () => {
  assert.deepEqual(["Firefox", "Other", "", null].map(isKnown), [true, false, false, false]);
});

test("a row has the first part of a version", () => {
  assert.deepEqual(["133.0.1", "18", ""].map(majorOf), ["133", "18", ""]);
});
