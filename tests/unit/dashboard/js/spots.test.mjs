import assert from "node:assert/strict";
import { test } from "node:test";
import { countriesOf, dotsOf } from "../../../../dashboard/static/lists/spots.js";

function at(latitude, longitude, code = null) {
  return { browser_session: { location: { latitude, longitude, country_code: code } } };
}

const nowhere = { browser_session: { location: null } };

test("sessions close to each other are one dot, and the one with most is last", () => {
  const dots = dotsOf([at(57.7, 11.9), at(57.8, 12.1), at(-33.4, -70.7)]);
  assert.deepEqual(dots.map(({ count }) => count), [1, 2]);
  assert.deepEqual([dots[1].latitude, dots[1].longitude], [57.7, 11.9]);
});

test("a dot's area grows with its number, up to a size that hides no continent", () => {
  const [one] = dotsOf([at(1, 1)]);
  const [four] = dotsOf(Array(4).fill(at(1, 1)));
  const [thousand] = dotsOf(Array(1000).fill(at(1, 1)));
  assert.equal(four.size, one.size * 2);
  assert.equal(thousand.size, one.size * 4);
});

test("the equator and the first meridian are places; what has no coordinates has no dot", () => {
  assert.equal(dotsOf([at(0, 0), at(null, null), nowhere]).length, 1);
});

test("countries are counted with the unknown one, the most first and then by code", () => {
  const rows = countriesOf([at(1, 1, "SE"), at(1, 1, "CL"), at(1, 1, "SE"), nowhere, at(1, 1, null), nowhere]);
  assert.deepEqual(rows, [{ code: "", count: 3 }, { code: "SE", count: 2 }, { code: "CL", count: 1 }]);
});
