// Numbers that tell how things stand, each of which leads to what it counts.

import { html } from "../vendor/preact.js";
import { number, pieces, say } from "../words/say.js";
import { COUNTED } from "../lists/day.js";

function Figure({ name, count, href }) {
  return html`<li>
    <a class="figure" href=${href}>
      <span>${say(`overview.${name}`)}</span>
      <span>${count ? amount(count) : html`<strong>${say("parts.none")}</strong>`}</span>
    </a>
  </li>`;
}

function amount({ count, exact }) {
  const shown = html`<strong>${number(count)}</strong>`;
  return exact ? shown : pieces("parts.at_least", { count: shown });
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
    <${Figure} name="blocked" count=${numbers.blocked} href="/dashboard/users?state=blocked" />
  </ul>`;
}
