// The end of many sessions, which the API does part by part.

import { ask } from "./calls.js";

export const REVOKE = "/app/sessions/revoke";

/** Ends all that `body` finds, part by part, and calls `onPart(answer)` after each; false from there ends it. */
export async function revokeAll(body, onPart = () => true) {
  let answer = await ask(REVOKE, { method: "POST", body });
  while (onPart(answer) !== false && answer.next) {
    answer = await ask(REVOKE, { method: "POST", body: { next: answer.next } });
  }
  return answer;
}
