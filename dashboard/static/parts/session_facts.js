// Whose a session is, where it leads, when it began and when it ends or why it has ended.

import { html } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { userPage } from "../words/addresses.js";
import { say } from "../words/say.js";
import { WebAddress } from "./access_members.js";
import { Id } from "./copy.js";
import { reasonOf } from "./ending.js";
import { Members } from "./members.js";
import { Moment } from "./moment.js";
import { Person } from "./people.js";
import { Actor } from "./told.js";

function Panel({ id, title, rows }) {
  return html`<section class="panel" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <${Members} rows=${rows} said=${(name) => say(`session.${name}`)} />
  </section>`;
}

function endedRows({ ended_at: at, ended_reason: reason, ended_by: by }) {
  return [
    ["ended_at", html`<${Moment} at=${at} whole />`],
    ["ended_reason", reasonOf(reason)],
    ["ended_by", html`<${Actor} actor=${by} />`],
  ];
}

function timeRows(session) {
  return [
    ["created_at", html`<${Moment} at=${session.created_at} whole />`],
    ["last_active", html`<${Moment} at=${session.last_active} whole />`],
    ...(session.outerward.ended_at
      ? endedRows(session.outerward)
      : [["expires_at", html`<${Moment} at=${session.expires_at} whole />`]]),
  ];
}

/** A link to the sessions of which `condition` holds. */
function Alike({ condition, children }) {
  return html`<a href=${address("/dashboard/sessions", { filter: condition })}>${children}</a>`;
}

function Places({ session, title }) {
  const { tunnel } = session.outerward;
  const byTunnel = `obj.tunnel == ${JSON.stringify(tunnel)}`;
  return html`<${Alike} condition=${byTunnel}><bdi>${tunnel}</bdi><//>
    ${title !== tunnel && html` ${say("session.by_edge")} <bdi>${title}</bdi>`}`;
}

/** `title` as of an entry of a list. */
export function SessionFacts({ session, title }) {
  const { id } = session.application_user;
  return html`<div class="panels">
    <${Panel} id="whose" title=${say("session.whose")} rows=${[
      ["user", html`<${Person} user=${session.outerward.user} id=${id} href=${userPage(id)} />`],
      ["provider", html`<bdi>${session.outerward.provider}</bdi>`],
      ["tunnel", html`<${Places} session=${session} title=${title} />`],
      ["public_url", html`<${WebAddress} text=${session.public_url} />`],
      ["id", html`<${Id} id=${session.id} what=${say("session.the_id")} whole />`],
    ]} />
    <${Panel} id="times" title=${say("session.times")} rows=${timeRows(session)} />
  </div>`;
}
