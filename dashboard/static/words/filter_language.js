// Filters as the API reads them, as far as they are plain conditions with "&&" between them.
//
// Pure: writes conditions and takes them apart again, and knows neither the page nor what the words are called.
// What it cannot take apart stays a text; whether a filter means anything, the API alone decides.

import { rfc3339 } from "./instant.js";

/** The kind of each field that people pick; the kind decides what can be asked of it. */
export const FIELDS = Object.freeze({
  tunnel: "word",
  edge: "word",
  identity_provider: "word",
  country_code: "word",
  ip_address: "address",
  browser_name: "word",
  os_name: "word",
  device_type: "word",
  name: "person",
  email: "person",
  username: "person",
  last_active: "time",
  created_at: "time",
  flags: "flags",
});

/** Further fields of sessions that are over. */
export const ENDED_FIELDS = Object.freeze({ ended_at: "time", ended_reason: "reason" });

/** Fields that links of other pages ask for, which nobody picks. */
const LINKED_FIELDS = Object.freeze({ id: "word", application_user_id: "word", public_url: "word", ended_by: "word" });

/** What can be asked of a kind; "older" and "newer" are written as "before" and "after". */
export const OPERATORS = Object.freeze({
  word: ["is", "is_not", "begins"],
  address: ["is", "within", "begins"],
  person: ["contains", "is", "begins"],
  time: ["older", "newer", "before", "after"],
  flags: ["has"],
  reason: ["is", "is_not"],
});

/** Holds for every session. */
export const EVERY = 'obj.created_at > timestamp("2000-01-01T00:00:00Z")';

const MS = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
export const UNITS = Object.keys(MS);

const TEXT = String.raw`("(?:[^"\\]|\\.)*")`;
const FORMS = [
  [new RegExp(String.raw`^obj\.(\w+)\s*==\s*${TEXT}$`, "u"), "is"],
  [new RegExp(String.raw`^obj\.(\w+)\s*!=\s*${TEXT}$`, "u"), "is_not"],
  [new RegExp(String.raw`^obj\.(\w+)\.startsWith\(\s*${TEXT}\s*\)$`, "u"), "begins"],
  [new RegExp(String.raw`^obj\.(\w+)\.contains\(\s*${TEXT}\s*\)$`, "u"), "contains"],
  [new RegExp(String.raw`^inCidr\(\s*obj\.(\w+)\s*,\s*${TEXT}\s*\)$`, "u"), "within"],
  [new RegExp(String.raw`^obj\.(\w+)\s*<\s*timestamp\(\s*${TEXT}\s*\)$`, "u"), "before"],
  [new RegExp(String.raw`^obj\.(\w+)\s*>\s*timestamp\(\s*${TEXT}\s*\)$`, "u"), "after"],
];
const FLAG = new RegExp(String.raw`^${TEXT}\s+in\s+obj\.outerward\.flags$`, "u");

/** The condition `{ field, operator, value }` in the API's language; `value` of "older" and "newer" is `{ amount, unit }`. */
export function written({ field, operator, value }, now) {
  if (operator === "older" || operator === "newer") {
    const at = rfc3339(now - value.amount * MS[value.unit]);
    return written({ field, operator: operator === "older" ? "before" : "after", value: at }, now);
  }
  const text = JSON.stringify(value);
  const forms = {
    is: `obj.${field} == ${text}`,
    is_not: `obj.${field} != ${text}`,
    begins: `obj.${field}.startsWith(${text})`,
    contains: `obj.${field}.contains(${text})`,
    within: `inCidr(obj.${field}, ${text})`,
    before: `obj.${field} < timestamp(${text})`,
    after: `obj.${field} > timestamp(${text})`,
    has: `${text} in obj.outerward.${field}`,
  };
  return forms[operator];
}

/**
 * The conditions of `filter`, `{ text, condition }` each, of which `condition` is null where it is no plain one.
 * Null where `filter` is not a list of conditions with "&&" between them.
 */
export function conditionsOf(filter) {
  if (!filter.trim()) return [];
  const parts = parted(filter);
  return parts && parts.map((text) => ({ text, condition: conditionOf(text) }));
}

/** `filter` with one more condition. */
export function added(filter, text) {
  if (!filter.trim()) return text;
  return conditionsOf(filter) ? `${filter.trim()} && ${text}` : `(${filter.trim()}) && ${text}`;
}

/** `filter` without its condition number `place`. */
export function without(filter, place) {
  return joined(conditionsOf(filter).filter((_, other) => other !== place));
}

/** `filter` without what only sessions that are over can be asked. */
export function ofLive(filter) {
  const conditions = conditionsOf(filter);
  return conditions ? joined(conditions.filter(({ text }) => !/\bobj\.(outerward\.)?ended_/.test(text))) : filter;
}

/** `filter` around the character `position` (Unicode characters, from 0), where something is wrong with it. */
export function around(filter, position) {
  const places = [...filter];
  return {
    before: places.slice(0, position).join(""),
    at: places[position] ?? "",
    after: places.slice(position + 1).join(""),
  };
}

function joined(conditions) {
  return conditions.map(({ text }) => text).join(" && ");
}

/** The parts of `filter` between its outer "&&"; null where "||" stands there, or something is never closed. */
function parted(filter) {
  const parts = [];
  let [depth, begin] = [0, 0];
  const tokens = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|&&|\|\||[()[\]"']/gu;
  for (const { 0: token, index } of filter.matchAll(tokens)) {
    if (token === '"' || token === "'") return null;
    if (token === "(" || token === "[") depth += 1;
    else if (token === ")" || token === "]") depth -= 1;
    else if (token === "||" && depth === 0) return null;
    else if (token === "&&" && depth === 0) {
      parts.push(filter.slice(begin, index).trim());
      begin = index + 2;
    }
    if (depth < 0) return null;
  }
  parts.push(filter.slice(begin).trim());
  return depth === 0 && parts.every(Boolean) ? parts : null;
}

function conditionOf(text) {
  const flag = FLAG.exec(text);
  if (flag) return plain("flags", "has", flag[1]);
  for (const [form, operator] of FORMS) {
    const found = form.exec(text);
    if (found) return plain(found[1], operator, found[2]);
  }
  return null;
}

function plain(field, operator, literal) {
  const kinds = { ...FIELDS, ...ENDED_FIELDS, ...LINKED_FIELDS };
  if (!Object.hasOwn(kinds, field) || !OPERATORS[kinds[field]].includes(operator)) return null;
  try {
    const value = JSON.parse(literal);
    return kinds[field] === "time" && Number.isNaN(Date.parse(value)) ? null : { field, operator, value };
  } catch {
    return null;
  }
}
