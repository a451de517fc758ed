// Tunnels as a table, each with its public addresses.

import { html } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { number, say } from "../words/say.js";
import { WebAddress } from "./access_members.js";
import { Table } from "./table.js";

/** How many sessions there are, which leads to them: those for which `field` is `value`. */
export function SessionsLink({ count, field, value }) {
  const href = address("/dashboard/sessions", { filter: `obj.${field} == ${JSON.stringify(value)}` });
  const words = say("tunnels.sessions_count", { count, shown: number(count) });
  return html`<a href=${href}>${words}</a>`;
}

function Addresses({ tunnel, endpoints }) {
  const own = endpoints.filter((endpoint) => endpoint.tunnel.id === tunnel.id);
  if (!own.length) return html`<span class="none">${say("tunnels.no_address")}</span>`;
  return html`<ul class="plain">
    ${own.map(({ id, public_url: url }) => html`<li key=${id}><${WebAddress} text=${url} /></li>`)}
  </ul>`;
}

export function Tunnels({ tunnels, endpoints }) {
  const columns = [
    { id: "name", cell: (tunnel) => html`<strong><bdi>${tunnel.name}</bdi></strong>` },
    { id: "addresses", cell: (tunnel) => html`<${Addresses} tunnel=${tunnel} endpoints=${endpoints} />` },
    { id: "sessions", cell: ({ name, sessions }) => html`<${SessionsLink} count=${sessions} field="tunnel" value=${name} />` },
  ].map((column) => ({ ...column, title: say(`tunnels.${column.id}`) }));
  return html`<section>
    <h2>${say("tunnels.tunnels")}</h2>
    <${Table} name=${say("tunnels.tunnels")} columns=${columns} rows=${tunnels} keyOf=${({ id }) => id} />
  </section>`;
}
