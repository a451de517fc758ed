// The list *Tunnels and edges* of a user: each session by the endpoint that it is at, and the one that is looked at.

import { html, useEffect, useRef } from "../vendor/preact.js";
import { entriesOf } from "../words/access.js";
import { sessionPage } from "../words/addresses.js";
import { address } from "../api/calls.js";
import { useKeptFocus } from "../kept_focus.js";
import { say } from "../words/say.js";
import { AccessDetails } from "./access_details.js";
import { filterOfUser } from "./acts.js";
import { Moment } from "./moment.js";
import { deviceOf } from "./people.js";

function Entry({ entry, isChosen, choose }) {
  const { session, title } = entry;
  const { tunnel } = session.outerward;
  const click = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    choose(session.id);
  };
  return html`<li>
    <a id=${session.id} href=${`?access=${session.id}`} aria-current=${isChosen ? "true" : null} onClick=${click}>
      <strong><bdi>${title}</bdi></strong>
      ${title !== tunnel && html`<span>${say("user.by_tunnel")} <bdi>${tunnel}</bdi></span>`}
      <bdi class="soft">${session.public_url}</bdi>
      <span class="soft">${deviceOf(session.browser_session.user_agent)}</span>
      <span class="soft">${say("user.last_active")} <${Moment} at=${session.last_active} /></span>
    </a>
  </li>`;
}

/** Where the focus goes as one session, another or none is looked at; not where the page begins with one. */
function useLeadingFocus(chosen, turn) {
  const heading = useRef(null);
  const before = useRef({ chosen, turn });
  useEffect(() => {
    const last = before.current;
    before.current = { chosen, turn };
    if (last.chosen === chosen && last.turn === turn) return;
    if (chosen) heading.current?.focus();
    else document.getElementById(last.chosen)?.focus();
  }, [chosen, turn]);
  return heading;
}

function Over({ id, heading }) {
  return html`<section class="panel" aria-labelledby="over">
    <h2 id="over" tabindex="-1" ref=${heading}>${say("session.details")}</h2>
    <p>${say("user.access_over")} <a href=${sessionPage(id)}>${say("user.access_over_look")}</a></p>
  </section>`;
}

/**
 * `sessions`: the live ones; `isCut` where there are more; `edges`: names by ids. `choice`: `{ access, turn,
 * choose(id) }`. `turn` as of AccessDetails.
 */
export function EndpointsOfUser({ user, sessions, isCut, edges, choice, turn, onEnded }) {
  const entries = entriesOf(sessions, edges);
  const chosen = entries.find(({ session }) => session.id === choice.access);
  const heading = useLeadingFocus(choice.access, choice.turn);
  useKeptFocus(heading, Boolean(chosen));
  return html`<div class=${choice.access ? "split" : ""}>
    <section class="panel" aria-labelledby="endpoints">
      <h2 id="endpoints">${say("user.endpoints")}</h2>
      <ul class="places" role="list" aria-labelledby="endpoints">
        ${entries.map((entry) => html`<${Entry} entry=${entry} isChosen=${entry === chosen} choose=${choice.choose} key=${entry.session.id} />`)}
      </ul>
      ${!entries.length && html`<p class="soft">${say("user.no_endpoints")}</p>`}
      ${isCut && html`<p><a href=${address("/dashboard/sessions", { filter: filterOfUser(user.id) })}>${say("user.more_endpoints")}</a></p>`}
    </section>
    ${chosen &&
    html`<${AccessDetails}
      session=${chosen.session} title=${chosen.title} heading=${heading} turn=${turn} onEnded=${onEnded} key=${chosen.session.id}
    />`}
    ${choice.access && !chosen && html`<${Over} id=${choice.access} heading=${heading} />`}
  </div>`;
}
