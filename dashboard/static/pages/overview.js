// Overview: how many, where, whether all is well, and what happened last.

import { html, useRef } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { curl, outerward } from "../words/commands.js";
import { readOn } from "../api/reading.js";
import { askReadiness } from "../api/readiness.js";
import { say } from "../words/say.js";
import { Commands } from "../parts/commands.js";
import { useDay } from "../lists/day.js";
import { Figures } from "../parts/figures.js";
import { FirstSteps } from "../parts/first_steps.js";
import { Health } from "../parts/health.js";
import { Latest } from "../parts/latest.js";
import { isTouched } from "../parts/live.js";
import { Clock } from "../parts/moment.js";
import { Failed, Loading } from "../parts/table.js";
import { Whereabouts } from "../parts/whereabouts.js";

const REFRESHED_MS = 5000;
const REREAD_MS = 30_000;
const MOST_ANSWERS = 5;
const NEWEST_EVENTS = 10;

/** One after the other, as counts are costly reads. */
async function readNumbers(signal) {
  const sessions = await ask("/app/sessions/count", { signal });
  const users = await ask("/app/users/count", { signal });
  const blocks = await readOn("/app/blocks", { member: "blocks", pages: MOST_ANSWERS, signal });
  return { sessions, users, blocked: { count: blocks.rows.length, exact: blocks.next === "" } };
}

function readSessions(signal) {
  return readOn("/app/sessions", { member: "application_sessions", pages: MOST_ANSWERS, signal });
}

/** Where the newest sessions are: read again as often as all else where one answer has them all. */
function useSessions() {
  const asked = useAsked(readSessions, []);
  const again = () => asked.isSlow || asked.again();
  const isSmall = asked.value !== null && asked.value.rows.length <= 100 && asked.value.next === "";
  useEvery(isSmall ? REFRESHED_MS : REREAD_MS, again);
  return asked;
}

export default function Overview() {
  const place = useRef(null);
  const numbers = useAsked(readNumbers, []);
  const health = useAsked(askReadiness, []);
  const sessions = useSessions();
  const day = useDay({ newest: NEWEST_EVENTS, isHeld: () => isTouched(place.current) });
  useEvery(REFRESHED_MS, () => [numbers, health].forEach((asked) => asked.isSlow || asked.again()));
  return html`<${Clock}>
    <${Shown} numbers=${numbers} sessions=${sessions} day=${day} health=${health} place=${place} />
    <${Commands} lines=${[
      { what: say("overview.curl_count"), text: curl("/app/sessions/count") },
      { what: say("overview.curl_ready"), text: curl("/readyz") },
      { what: say("parts.command_line"), text: outerward(["events", "ls"], { limit: String(NEWEST_EVENTS) }) },
    ]} />
  <//>`;
}

function Shown({ numbers, sessions, day, health, place }) {
  const { value, error, again } = numbers;
  if (!value && error && !error.passes) return html`<${Failed} error=${error} again=${again} />`;
  const isFirstRun = value && value.sessions.count === 0 && value.users.count === 0;
  return html`
    ${value ? html`<${Figures} numbers=${value} counts=${day.counts} />` : html`<${Loading} />`}
    ${isFirstRun ? html`<${FirstSteps} />` : html`<${Whereabouts} sessions=${sessions} />`}
    <div class="panels">
      <${Latest} day=${day} place=${place} />
      <${Health} health=${health.value} />
    </div>`;
}
