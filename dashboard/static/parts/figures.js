// Numbers that tell how things stand, each of which leads to what it counts.

import { html } from "../vendor/preact.js";
import { counted, say } from "../words/say.js";
import { COUNTED } from "../lists/day.js";

function Figure({ name, count, href }) {
  return html`<li>
    <a class="figure" href=${href}>
      <span>${say(`overview.${name}`)}</span>
      <strong>${count ? counted(count) : say("parts.none")}</strong>
    </a>
  </li>`;
}

function eventsOf(types) {
  return `/dashboard/events?type=${types.join(",")}`;
}

/** `counts` of the last day are null until they are known. */
export function Figures({ numbers, counts }) {
  return html`<ul class="figures">
    <${Figure} name="sessions" count=${numbers.sessions} href="/dashboard/sessions" />
    <${Figure} name="users" count=${numbers.users} href="/dashboard/users" />
    ${Object.entries(COUNTED).map(([name, types]) => html`<${Figure} name=${name} count=${counts?.[name]} href=${eventsOf(types)} key=${name} />`)}
    <${Figure} name="blocked" count=${numbers.blocked} href=${eventsOf(["block", "unblock"])} />
  </ul>`;
}
