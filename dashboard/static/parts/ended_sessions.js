// Sessions of a user that are over, folded away: why, and by whom they ended.

import { html } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { sessionPage } from "../words/addresses.js";
import { say } from "../words/say.js";
import { Country } from "./access_members.js";
import { filterOfUser } from "./acts.js";
import { reasonOf } from "./ending.js";
import { Moment } from "./moment.js";
import { deviceOf } from "./people.js";
import { Table } from "./table.js";
import { Actor } from "./told.js";

function Link({ session }) {
  return html`<a href=${sessionPage(session.id)}><bdi>${session.outerward.tunnel}</bdi></a>`;
}

const COLUMNS = [
  { id: "tunnel", title: say("session.tunnel"), cell: (session) => html`<${Link} session=${session} />` },
  { id: "ended_at", title: say("session.ended_at"), cell: ({ outerward }) => html`<${Moment} at=${outerward.ended_at} />` },
  { id: "reason", title: say("session.ended_reason"), cell: ({ outerward }) => reasonOf(outerward.ended_reason) },
  { id: "by", title: say("session.ended_by"), cell: ({ outerward }) => html`<${Actor} actor=${outerward.ended_by}/>` },
  { id: "device", title: say("session.device"), cell: ({ browser_session: context }) => deviceOf(context.user_agent) },
  { id: "place", title: say("session.country"), cell: ({ browser_session: context }) => html`<${Country} location=${context.location} />` },
  { id: "created_at", title: say("session.created_at"), cell: (session) => html`<${Moment} at=${session.created_at} />` },
];

/** `list`: an answer of the API with the newest of them. */
export function EndedSessions({ userId, list }) {
  const sessions = list.application_sessions;
  if (!sessions.length) return html`<p class="soft">${say("user.no_ended")}</p>`;
  const all = address("/dashboard/sessions", { state: "ended", filter: filterOfUser(userId) });
  const key = list.next_page_uri ? "user.ended_newest" : "user.ended_count";
  return html`<details class="folded">
    <summary>${say(key, { count: sessions.length })}</summary>
    <${Table} name=${say("user.ended")} columns=${COLUMNS} rows=${sessions} keyOf=${({ id }) => id} />
    <p><a href=${all}>${say("user.ended_all")}</a></p>
  </details>`;
}
