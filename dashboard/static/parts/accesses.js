// The history of a session: what it was used with and from where, the latest first.

import { html } from "../vendor/preact.js";
import { number, say } from "../words/say.js";
import { browserOf, Country, machineWords } from "./access_members.js";
import { Unknown } from "./members.js";
import { Moment } from "./moment.js";
import { Flags } from "./people.js";
import { Table } from "./table.js";

function Machine({ agent }) {
  const words = [browserOf(agent), machineWords(agent)].filter(Boolean).join(say("session.between"));
  return words ? html`<span title=${agent.raw}>${words}</span>` : html`<${Unknown} />`;
}

/** An address; one of IPv4 is not broken, one of IPv6 may be too long for a row. */
function Address({ text }) {
  if (!text) return html`<${Unknown} />`;
  return html`<bdi class=${text.includes(":") ? "" : "ip"}>${text}</bdi>`;
}

function Marks({ flags }) {
  if (!flags.length) return html`<span class="none">${say("parts.none")}</span>`;
  return html`<div>
    ${flags.map(
      ({ name, reason }) => html`<div class="mark" key=${name}>
        <${Flags} flags=${[name]} />${reason && html`<p class="soft"><bdi>${reason}</bdi></p>`}
      </div>`,
    )}
  </div>`;
}

const COLUMNS = [
  { id: "first_seen", title: say("session.first_seen"), cell: (row) => html`<${Moment} at=${row.first_seen} />` },
  { id: "last_seen", title: say("session.last_seen"), cell: (row) => html`<${Moment} at=${row.last_seen} />` },
  { id: "requests", title: say("session.requests"), kind: "number", cell: (row) => number(row.requests) },
  { id: "ip", title: say("session.ip_address"), cell: (row) => html`<${Address} text=${row.ip_address} />` },
  { id: "place", title: say("session.country"), cell: (row) => html`<${Country} location=${row.location} />` },
  { id: "device", title: say("session.device"), cell: (row) => html`<${Machine} agent=${row.user_agent} />` },
  { id: "flags", title: say("session.flags"), cell: (row) => html`<${Marks} flags=${row.flags} />` },
];

/** A table of `accesses`, as the API lists them. */
export function Accesses({ accesses }) {
  return html`<h3>${say("session.history")}</h3>
    <${Table}
      name=${say("session.history")}
      columns=${COLUMNS}
      rows=${accesses}
      keyOf=${(row) => [row.first_seen, row.ip_address, row.user_agent.raw].join()}
    />`;
}
