// An event in words: a sentence with who and what in it, what else is known, and all of it folded away.

import { Fragment, html } from "../vendor/preact.js";
import { sessionPage } from "../words/addresses.js";
import { actorOf, changesOf, deviceIn, sentenceOf } from "../words/event_words.js";
import { country, knows, LANG, pieces, say } from "../words/say.js";
import { Id } from "./copy.js";
import { reasonOf } from "./ending.js";
import { Moment } from "./moment.js";
import { CalledToken, CalledUser } from "./names.js";
import { deviceOf } from "./people.js";

const SHOWN_APART = ["note"];
const lists = new Intl.ListFormat(LANG, { type: "conjunction" });

function bdi(text) {
  return html`<bdi>${text || say("events.unknown")}</bdi>`;
}

/** Who did something, in words that a sentence may begin with. */
export function Actor({ actor }) {
  const { kind, id } = actorOf(actor);
  if (kind === "user") return html`<${CalledUser} id=${id} begins />`;
  if (kind === "token") return html`<${CalledToken} id=${id} />`;
  if (kind === "provider") return pieces("events.provider", { name: bdi(id) });
  if (kind === "other") return bdi(id);
  return say(`events.${kind}`);
}

function slotsOf(event, count) {
  const { actor, details, type, user } = event;
  return {
    count,
    type: bdi(type),
    actor: html`<${Actor} actor=${actor} />`,
    user: user ? html`<${CalledUser} id=${user.id} />` : say("events.somebody"),
    User: user ? html`<${CalledUser} id=${user.id} begins />` : say("events.somebody_begins"),
    account: bdi(details.account),
    provider: bdi(details.provider),
    country: details.country_code ? bdi(country(details.country_code)) : say("events.unknown_country"),
    changed: lists.format(changesOf(details).map((what) => say(`events.changed.${what}`))) || say("events.changed.other"),
    reason: details.reason ? reasonOf(details.reason) : say("events.unknown"),
    name: bdi(details.name),
    scope: bdi(details.scope),
  };
}

/** What happened, as a sentence. */
export function Told({ event }) {
  const { key, count } = sentenceOf(event);
  return pieces(`events.told.${key}`, slotsOf(event, count));
}

/** From where and with what, as far as it was told: a list of short texts. */
export function factsOf({ details }) {
  const device = deviceIn(details);
  const words = device.text ?? (device.browser_name || device.os_name ? deviceOf(device) : "");
  return [details.tunnel, details.ip_address, details.country_code && country(details.country_code), words].filter(Boolean);
}

/** The name of a detail in words; one that the catalogue does not know as the API has it. */
function detailName(name) {
  const key = `events.detail.${name}`;
  return knows(key) ? say(key) : name;
}

/** All that the API tells of an event, folded away. */
export function More({ event }) {
  const { details, effective_at: effectiveAt, id, object, operation_id: operation, sessions } = event;
  const rows = Object.entries(details).filter(([name]) => !SHOWN_APART.includes(name));
  const member = (name, value) => html`<${Fragment} key=${name}><dt>${name}</dt><dd>${value}</dd><//>`;
  return html`<details class="more">
    <summary>${say("events.details")}</summary>
    <dl class="members">
      ${effectiveAt && member(say("events.effective_at"), html`<${Moment} at=${effectiveAt} whole />`)}
      ${rows.map(([name, text]) => member(detailName(name), html`<bdi>${text}</bdi>`))}
      ${sessions.length > 0 && member(say("events.sessions"), sessions.map((each) => html`<${Id}
        id=${each} what=${say("events.session_id")} href=${sessionPage(each)} key=${each} /> `))}
      ${object.kind === "token" && member(say("events.token_id"), html`<${Id} id=${object.id} what=${say("events.token_id")} />`)}
      ${operation && member(say("events.operation_id"), html`<${Id} id=${operation} what=${say("events.operation_id")} whole />`)}
      ${member(say("events.id"), html`<${Id} id=${id} what=${say("events.id")} whole />`)}
    </dl>
  </details>`;
}
