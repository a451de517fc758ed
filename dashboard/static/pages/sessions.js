// Sessions: who is signed in where and with what, as it happens, and those that are over.

import { html } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { ofLive } from "../words/filter_language.js";
import { useLocationState } from "../location_state.js";
import { say } from "../words/say.js";
import { Clock } from "../parts/moment.js";
import { SessionsNow } from "../parts/sessions_now.js";
import { SessionsOver } from "../parts/sessions_over.js";

const PAGE = "/dashboard/sessions";
const STATE = { q: "", filter: "", state: "" };

export default function Sessions() {
  const [{ q, filter, state }, change] = useLocationState(STATE);
  const isOver = state === "ended";
  const List = isOver ? SessionsOver : SessionsNow;
  const tab = (text, query, isCurrent) => html`<a href=${address(PAGE, query)} aria-current=${isCurrent ? "page" : null}>${text}</a>`;
  return html`<${Clock}>
    <nav class="tabs" aria-label=${say("sessions.tabs")}>
      ${tab(say("sessions.active"), { q, filter: ofLive(filter) }, !isOver)}
      ${tab(say("sessions.ended"), { q, filter, state: "ended" }, isOver)}
    </nav>
    <${List} q=${q} filter=${filter} change=${change} key=${state} />
  <//>`;
}
