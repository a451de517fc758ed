// Why a session ended, in words.

import { knows, say } from "../words/say.js";

/** The reason of an end in words; one that the catalogue does not know is shown by its name. */
export function reasonOf(reason) {
  const key = `session.reason.${reason}`;
  return knows(key) ? say(key) : reason;
}
