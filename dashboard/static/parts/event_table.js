// Events as a table: when, what, and from where.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { Moment } from "./moment.js";
import { Table } from "./table.js";
import { factsOf, More, Told } from "./told.js";

function What({ event }) {
  return html`<div class="told">
    <p><${Told} event=${event} /></p>
    ${event.details.note && html`<p class="soft">${event.type === "unblock" ? say("events.note_of_block") : say("events.note")} <bdi>${event.details.note}</bdi></p>`}
    <${More} event=${event} />
  </div>`;
}

function Facts({ event }) {
  const facts = factsOf(event);
  if (!facts.length) return html`<span class="none">${say("parts.none")}</span>`;
  return html`<ul class="bits">${facts.map((fact) => html`<li key=${fact}><bdi>${fact}</bdi></li>`)}</ul>`;
}

const COLUMNS = [
  { id: "at", cell: (event) => html`<${Moment} at=${event.at} />` },
  { id: "what", cell: (event) => html`<${What} event=${event} />` },
  { id: "facts", cell: (event) => html`<${Facts} event=${event} />` },
];

export function EventTable({ rows }) {
  const columns = COLUMNS.map((column) => ({ ...column, title: say(`events.${column.id}`) }));
  return html`<${Table} name=${say("events.title")} columns=${columns} rows=${rows} keyOf=${({ id }) => id} />`;
}
