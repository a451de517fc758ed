// The same act in a terminal: by curl and by the command line. Text only; nothing is run.

import { page } from "../page.js";

// Where the command line looks for the API by itself, as long as nothing is configured.
const USUAL = "http://127.0.0.1:4040";

/** `text` as one word of a POSIX shell. */
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A call of the API by curl; the token stays in a variable of the shell. */
export function curl(path, { method = "GET", body } = {}) {
  const words = ["curl"];
  if (method !== "GET") words.push("-X", method);
  words.push("-H", '"Authorization: Bearer $OUTERWARD_ADMIN_TOKEN"');
  if (body !== undefined) words.push("-H", quoted("Content-Type: application/json"), "-d", quoted(JSON.stringify(body)));
  words.push(quoted(page.api + path));
  return words.join(" ");
}

/**
 * A command of `outerward`: words as they are, options with their values where those are set, and where the API is
 * if the command would not look there.
 */
export function outerward(words, options = {}) {
  const given = Object.entries({ ...options, admin: page.api === USUAL ? "" : page.api }).flatMap(([name, value]) => {
    const option = name.length === 1 ? `-${name}` : `--${name}`;
    if (value === true) return [option];
    return value ? [option, quoted(value)] : [];
  });
  return ["outerward", ...words.map(quoted), ...given].join(" ");
}
