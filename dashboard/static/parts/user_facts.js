// Who a user is, who said so, and since when: the panels over a user's page.

import { html } from "../vendor/preact.js";
import { address } from "../api/calls.js";
import { say } from "../words/say.js";
import { filterOfUser } from "./acts.js";
import { WebAddress } from "./access_members.js";
import { Id } from "./copy.js";
import { Members, Unknown } from "./members.js";
import { Moment } from "./moment.js";
import { Actor } from "./told.js";

function Known({ rows }) {
  return html`<${Members} rows=${rows} said=${(name) => say(`user.${name}`)} />`;
}

function text(value) {
  return value && html`<bdi>${value}</bdi>`;
}

function Email({ email, verified }) {
  if (!email) return html`<${Unknown} />`;
  return html`<bdi>${email}</bdi> ${" "}
    <span class=${verified ? "tag good" : "tag warn"}>${say(verified ? "user.verified" : "user.not_verified")}</span>`;
}

function Basic({ user }) {
  return html`<section class="panel" aria-labelledby="basic">
    <h2 id="basic">${say("user.basic")}</h2>
    <${Known} rows=${[
      ["name", text(user.name)],
      ["username", text(user.username)],
      ["email", html`<${Email} email=${user.email} verified=${user.outerward.email_verified} />`],
      ["subject", text(user.provider_user_id)],
      ["id", html`<${Id} id=${user.id} what=${say("user.the_id")} whole />`],
    ]} />
  </section>`;
}

function Provider({ user }) {
  const { name, url } = user.identity_provider;
  return html`<section class="panel" aria-labelledby="provider">
    <h2 id="provider">${say("user.provider")}</h2>
    <${Known} rows=${[
      ["provider_name", text(name)],
      ["provider_url", url && html`<${WebAddress} text=${url} />`],
    ]} />
    <h2 class="further">${say("user.activity")}</h2>
    <${Known} rows=${[
      ["created_at", html`<${Moment} at=${user.created_at} whole />`],
      ["last_login", html`<${Moment} at=${user.last_login} whole />`],
      ["last_active", html`<${Moment} at=${user.last_active} whole />`],
      ["sessions", html`<${Sessions} user=${user} />`],
    ]} />
  </section>`;
}

function Sessions({ user }) {
  const { sessions } = user.outerward;
  const href = address("/dashboard/sessions", { filter: filterOfUser(user.id) });
  return html`<a href=${href}>${say("user.sessions_count", { count: sessions })}</a>`;
}

/** Why somebody may not sign in, since when and until when; `block` as the API answers it, `children` below. */
export function BlockedPanel({ block, children }) {
  return html`<section class="panel blocked" aria-labelledby="blocked">
    <h2 id="blocked">${say("user.blocked")}</h2>
    <${Known} rows=${[
      ["blocked_until", block.until ? html`<${Moment} at=${block.until} whole />` : say("user.blocked_for_good")],
      ["blocked_reason", block.reason ? text(block.reason) : say("user.no_reason")],
      ["blocked_by", html`<${Actor} actor=${block.blocked_by} />`],
      ["blocked_at", html`<${Moment} at=${block.blocked_at} whole />`],
    ]} />
    ${children}
  </section>`;
}

export function UserFacts({ user, block }) {
  return html`${block && html`<${BlockedPanel} block=${block} />`}
    <div class="panels"><${Basic} user=${user} /><${Provider} user=${user} /></div>`;
}
