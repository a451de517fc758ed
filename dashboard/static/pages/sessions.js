// Sessions: who is signed in where and with what, as it happens, and those that are over.

import { html } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { ofLive } from "../words/filter_language.js";
import { useLocationState } from "../location_state.js";
import { say } from "../words/say.js";
import { Clock } from "../parts/moment.js";
import { SessionsNow } from "../parts/sessions_now.js";
import { SessionsOver } from "../parts/sessions_over.js";
import { Tabs } from "../parts/tabs.js";

const PAGE = "/dashboard/sessions";
const STATE = { q: "", filter: "", state: "" };

export default function Sessions() {
  const [{ q, filter, state }, change] = useLocationState(STATE);
  const isOver = state === "ended";
  const List = isOver ? SessionsOver : SessionsNow;
  const tabs = [
    { text: say("sessions.active"), href: address(PAGE, { q, filter: ofLive(filter) }), isCurrent: !isOver },
    { text: say("sessions.ended"), href: address(PAGE, { q, filter, state: "ended" }), isCurrent: isOver },
  ];
  return html`<${Clock}>
    <${Tabs} name=${say("sessions.tabs")} tabs=${tabs} />
    <${List} q=${q} filter=${filter} change=${change} key=${state} />
  <//>`;
}
