// The columns of a list of sessions: what each shows of a row `{ session, mark }`, and which ones are shown.

import { html, useState } from "../vendor/preact.js";
import { majorOf, versioned } from "../words/access.js";
import { sessionPage, userPage } from "../words/addresses.js";
import { number, say } from "../words/say.js";
import { machineWords } from "./access_members.js";
import { EndSession } from "./acts.js";
import { Id } from "./copy.js";
import { reasonOf } from "./ending.js";
import { Moment } from "./moment.js";
import { Flags, nameOf, Person, Place } from "./people.js";
import { Actor } from "./told.js";

const DASH = html`<span class="none">${say("parts.none")}</span>`;

/** Those that an administrator may choose, in their order. */
export const CHOICES = [
  { id: "tunnel", title: say("sessions.tunnel"), cell: ({ session }) => html`<${Tunnel} session=${session} />` },
  { id: "ip_address", title: say("sessions.ip_address"), cell: ({ session }) => html`<${Address} session=${session} />` },
  { id: "country_code", title: say("sessions.country_code"), cell: ({ session }) => html`<${Place} location=${session.browser_session.location} />` },
  { id: "device_type", title: say("sessions.device_type"), cell: ({ session }) => html`<${Device} agent=${session.browser_session.user_agent} />` },
  { id: "browser_name", title: say("sessions.browser_name"), cell: ({ session }) => html`<${Browser} agent=${session.browser_session.user_agent} />` },
  { id: "created_at", title: say("sessions.created_at"), cell: ({ session }) => html`<${Moment} at=${session.created_at} />` },
  { id: "last_active", title: say("sessions.last_active"), cell: ({ session }) => html`<${Moment} at=${session.last_active} />` },
  { id: "expires_at", title: say("sessions.expires_at"), cell: ({ session }) => html`<${Moment} at=${session.expires_at} />` },
  { id: "requests", title: say("sessions.requests"), kind: "number", cell: ({ session }) => number(session.outerward.requests) },
  { id: "flags", title: say("sessions.flags"), cell: ({ session }) => flagsOf(session.outerward) },
  { id: "provider", title: say("sessions.provider"), cell: ({ session }) => html`<bdi>${session.outerward.provider}</bdi>` },
];

const OF_ENDED = [
  { id: "ended_at", title: say("sessions.ended_at"), cell: ({ session }) => html`<${Moment} at=${session.outerward.ended_at} />` },
  { id: "ended_reason", title: say("sessions.ended_reason"), cell: ({ session }) => reasonOf(session.outerward.ended_reason) },
  { id: "ended_by", title: say("sessions.ended_by"), cell: ({ session }) => html`<${Actor} actor=${session.outerward.ended_by} />` },
];

const USER = { id: "user", title: say("sessions.user"), cell: (row) => html`<${User} ...${row} />` };
const ID = { id: "id", title: say("sessions.id"), cell: ({ session }) => html`<${SessionId} session=${session} />` };

/** The columns of the `chosen` ids; of live sessions, `pick` and `acts` stand around them where they are given. */
export function columnsOf(chosen, { isEnded = false, pick, acts } = {}) {
  const between = CHOICES.filter(({ id }) => chosen.includes(id));
  return [pick, USER, ...between, ...(isEnded ? OF_ENDED : []), ID, acts].filter(Boolean);
}

/** The column with the button that ends a session; `onEnded(id)` is called once it has. */
export function endColumn(onEnded) {
  const cell = (row) => html`<${EndButton} ...${row} onEnded=${onEnded} />`;
  return { id: "acts", title: say("sessions.acts"), kind: "actions", hidesTitle: true, cell };
}

/** The word on what became of a session stands where the address of its person was, so that no row grows. */
function User({ session, mark }) {
  const { application_user: user, outerward } = session;
  const href = userPage(user.id);
  const isAway = mark === "over" || mark === "left";
  if (!isAway) return html`<span class="whom"><${Person} user=${outerward.user} id=${user.id} href=${href} /></span>`;
  return html`<span class="whom person">
    <a href=${href}><bdi>${nameOf(outerward.user, user.id)}</bdi></a><strong>${say(`sessions.mark.${mark}`)}</strong>
  </span>`;
}

function SessionId({ session }) {
  const what = say("sessions.id_of", { name: nameOf(session.outerward.user, session.application_user.id) });
  return html`<${Id} id=${session.id} what=${what} href=${sessionPage(session.id)} />`;
}

/** A route is told by where it leads from, since its tunnel may have several. */
function Tunnel({ session: { outerward, public_url: url, route } }) {
  const way = url.replace(/^https?:\/\//, "");
  return html`<span class="person through">
    <bdi>${outerward.tunnel}</bdi>${route && html`<bdi class="soft" title=${way}>${way}</bdi>`}
  </span>`;
}

function Address({ session }) {
  return html`<span class="address">${session.browser_session.ip_address}</span>`;
}

function flagsOf({ flags }) {
  return flags.length ? html`<${Flags} flags=${flags} />` : DASH;
}

function Device({ agent }) {
  const words = machineWords(agent);
  return words ? html`<bdi>${words}</bdi>` : DASH;
}

function Browser({ agent: { browser_name: family, browser_version: version } }) {
  const words = versioned(family, majorOf(version));
  return words ? html`<bdi class="words">${words}</bdi>` : DASH;
}

function EndButton({ session, mark, onEnded }) {
  const [isAsked, setAsked] = useState(false);
  const isOver = mark === "over";
  const name = nameOf(session.outerward.user, session.application_user.id);
  return html`<button
      type="button"
      class="small danger-quiet"
      aria-label=${say("sessions.end_button", { name })}
      aria-disabled=${isOver}
      onClick=${() => isOver || setAsked(true)}
    >
      ${say("sessions.end_short")}
    </button>
    ${isAsked && html`<${EndSession} session=${session} onDone=${() => onEnded(session.id)} onClose=${() => setAsked(false)} />`}`;
}
