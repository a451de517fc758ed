// Where the newest sessions are: on a map, and as a table that says the same.

import { html, useMemo } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { country, number, say } from "../words/say.js";
import { countriesOf, dotsOf } from "../lists/spots.js";
import { Table, Unread } from "./table.js";
import { World } from "./world.js";

const LIST = "/dashboard/sessions";

function Sessions({ code, count }) {
  const filter = `obj.country_code == ${code ? JSON.stringify(code) : "null"}`;
  return html`<a href=${address(LIST, { filter })}>${say("overview.sessions_count", { count, shown: number(count) })}</a>`;
}

const COLUMNS = [
  { id: "country", cell: ({ code }) => (code ? html`<bdi>${country(code)}</bdi>` : say("parts.unknown")) },
  { id: "count", cell: (row) => html`<${Sessions} ...${row} />` },
];

export function Whereabouts({ sessions: { value, error, again } }) {
  const rows = value?.rows;
  const dots = useMemo(() => dotsOf(rows ?? []), [rows]);
  const countries = useMemo(() => countriesOf(rows ?? []), [rows]);
  const known = countries.filter(({ code }) => code).length;
  return html`<section class="panel" aria-labelledby="where">
    <h2 id="where">${say("overview.where")}</h2>
    ${value?.next && html`<p class="soft">${say("overview.where_newest", { count: rows.length })}</p>`}
    ${rows && !known && html`<p class="soft">${say(rows.length ? "overview.where_unknown" : "overview.where_none")}</p>`}
    ${!rows && html`<${Unread} error=${error} again=${again} />`}
    <div class="sides">
      <${World} dots=${dots} name=${known ? say("overview.map", { count: known }) : say("overview.map_empty")} />
      ${countries.length > 0 && html`<${Countries} rows=${countries} />`}
    </div>
  </section>`;
}

function Countries({ rows }) {
  const columns = COLUMNS.map((column) => ({ ...column, title: say(`overview.${column.id}`) }));
  return html`<${Table} name=${say("overview.countries")} columns=${columns} rows=${rows} keyOf=${({ code }) => code} />`;
}
