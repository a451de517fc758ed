// Edges, each with its routes: which part of the host leads to which tunnel.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { WebAddress } from "./access_members.js";
import { Table } from "./table.js";
import { SessionsLink } from "./tunnels.js";

/** `tunnels` are all there are, by which those of the routes are called by name. */
export function Edges({ edges, tunnels }) {
  if (!edges.length) return null;
  const names = new Map(tunnels.map(({ id, name }) => [id, name]));
  return html`<section class="edges">
    <h2>${say("tunnels.edges")}</h2>
    ${edges.map((edge) => html`<${Edge} edge=${edge} names=${names} key=${edge.id} />`)}
  </section>`;
}

function Edge({ edge, names }) {
  const columns = [
    { id: "path", cell: (route) => html`<code><bdi>${route.path_prefix || "/"}</bdi></code>` },
    { id: "address", cell: (route) => html`<${WebAddress} text=${route.public_url} />` },
    { id: "tunnel", cell: (route) => html`<bdi>${names.get(route.tunnel.id) ?? route.tunnel.id}</bdi>` },
    { id: "sessions", cell: (route) => html`<${SessionsLink} count=${route.sessions} field="endpoint.id" value=${route.endpoint.id} />` },
  ].map((column) => ({ ...column, title: say(`tunnels.${column.id}`) }));
  return html`<div class="panel">
    <div class="headline">
      <h3><bdi>${edge.name}</bdi></h3>
      <${SessionsLink} count=${edge.sessions} field="edge" value=${edge.name} />
    </div>
    <${Table} name=${say("tunnels.routes_of", { name: edge.name })} columns=${columns} rows=${edge.routes} keyOf=${({ id }) => id} />
  </div>`;
}
