// Every text that people read, out of the one catalogue; numbers as the language writes them.

import { LANG, TEXTS } from "../texts.js";

const plurals = new Intl.PluralRules(LANG);
const numbers = new Intl.NumberFormat(LANG);
const decimals = new Intl.NumberFormat(LANG, { maximumFractionDigits: 1 });
const countries = new Intl.DisplayNames([LANG], { type: "region", fallback: "none" });

/** The text `key` with its slots filled in; of several forms, the one for `values.count`. */
export function say(key, values = {}) {
  return pieces(key, values).join("");
}

/** The same in pieces: texts, and the values as they are, which may be elements; numbers are written out. */
export function pieces(key, values = {}) {
  const text = TEXTS[key];
  if (text === undefined) throw new Error(`no text is called ${key}`);
  const form = typeof text === "string" ? text : (text[plurals.select(values.count)] ?? text.other);
  return form.split(/\{(\w+)\}/).map((part, place) => {
    if (place % 2 === 0) return part;
    const value = values[part];
    if (value === undefined) throw new Error(`${key} needs ${part}`);
    return typeof value === "number" ? number(value) : value;
  });
}

/** Whether there is a text `key`: for what the API may name and the catalogue does not know yet. */
export function knows(key) {
  return Object.hasOwn(TEXTS, key);
}

export function number(value) {
  return Number.isInteger(value) ? numbers.format(value) : decimals.format(value);
}

/** How many there are, of an answer of the API's counts. */
export function counted({ count, exact }) {
  return exact ? number(count) : say("parts.at_least", { count });
}

/** The name of a country in the page's language; the code itself where it has none. */
export function country(code) {
  if (!code) return "";
  try {
    return countries.of(code) ?? code;
  } catch {
    return code;
  }
}

export { LANG };
