// The region *Access details*: all that is known of how one session is used, and the button that ends it.

import { html, useId, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { may } from "../page.js";
import { country, number, say } from "../words/say.js";
import { AccessMembers, networkOf, WebAddress } from "./access_members.js";
import { Accesses } from "./accesses.js";
import { EndSession } from "./acts.js";
import { Icon } from "./icons.js";
import { Moment } from "./moment.js";
import { accuracyOf, coordinatesOf, Flags } from "./people.js";
import { Failed, Loading } from "./table.js";
import { World } from "./world.js";

const DOT = 10;

function Spot({ location }) {
  if (!coordinatesOf(location)) return null;
  const place = location.country_code ? country(location.country_code) : coordinatesOf(location);
  const name = say("session.map", { place, accuracy: accuracyOf(location) || say("session.accuracy_unknown") });
  return html`<${World} dots=${[{ ...location, size: DOT }]} near=${location} name=${name} />`;
}

function Facts({ session, accesses }) {
  const { network, requests, flags } = session.outerward;
  const first = accesses?.at(-1)?.first_seen ?? session.created_at;
  return html`<ul class="facts">
    <li>${say("session.first_seen")} <${Moment} at=${first} /></li>
    <li>${say("session.last_seen")} <${Moment} at=${session.last_active} /></li>
    <li>${say("session.requests_count", { count: requests, shown: number(requests) })}</li>
    ${network && html`<li>${networkOf(network)}</li>`}
    ${flags.length > 0 && html`<li><${Flags} flags=${flags} /></li>`}
  </ul>`;
}

function History({ history }) {
  if (history.value) return html`<${Accesses} accesses=${history.value.accesses} />`;
  if (history.error && !history.error.passes) return html`<${Failed} error=${history.error} again=${history.again} />`;
  return history.isSlow && html`<${Loading} />`;
}

function End({ session, title, onEnded }) {
  const [isAsked, setAsked] = useState(false);
  const name = say("session.end_button", { tunnel: title });
  return html`<button type="button" class="danger-quiet small" onClick=${() => setAsked(true)}>
      <${Icon} name="out" /><span>${name}</span>
    </button>
    ${isAsked && html`<${EndSession} session=${session} onDone=${onEnded} onClose=${() => setAsked(false)} />`}`;
}

/**
 * All of `session`, which people know as `title`; `heading` is a ref to the heading, which takes the focus.
 *
 * `turn`: whenever it changes, the history is asked for again. `onEnded()`: after the session was ended here.
 * Rendered with the session's id as its key.
 */
export function AccessDetails({ session, title, heading, turn, onEnded }) {
  const id = useId();
  const path = `/app/sessions/${session.id}/accesses`;
  const history = useAsked((signal) => ask(path, { signal }), [session.id, turn]);
  const isLive = !session.outerward.ended_at;
  return html`<section class="panel" aria-labelledby=${id}>
    <div class="headline">
      <h2 id=${id} tabindex="-1" ref=${heading}>${say("session.details")}</h2>
      ${isLive && may("revoke") && html`<${End} session=${session} title=${title} onEnded=${onEnded} />`}
    </div>
    <p class="soft"><strong><bdi>${title}</bdi></strong> <${WebAddress} text=${session.public_url} /></p>
    <${AccessMembers} context=${session.browser_session} />
    <${Facts} session=${session} accesses=${history.value?.accesses} />
    <${Spot} location=${session.browser_session.location} />
    <${History} history=${history} />
  </section>`;
}
