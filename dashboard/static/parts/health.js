// Whether visitors are let in: the store and the edge, in words.

import { html } from "../vendor/preact.js";
import { knows, number, say } from "../words/say.js";
import { useIsStoreDown } from "./banner.js";
import { Moment } from "./moment.js";

function State({ part, state }) {
  const key = `overview.${part}.${state}`;
  return html`<span class=${`tag ${state === "up" ? "good" : "bad"}`}>${knows(key) ? say(key) : state}</span>`;
}

/** What was asked, as ../api/readiness.js tells it; null until there is an answer. */
export function Health({ health }) {
  const isDown = useIsStoreDown();
  return html`<section class="panel" aria-labelledby="health">
    <h2 id="health">${say("overview.health")}</h2>
    ${health?.missing ? html`<${Answered} health=${health} isDown=${isDown} />` : html`<${Unanswered} isDown=${isDown} hasAsked=${health !== null} />`}
  </section>`;
}

/** Without a store the health check itself may take too long; what other calls have told is then what is known. */
function Unanswered({ isDown, hasAsked }) {
  if (isDown) return html`<dl class="members"><dt>${say("overview.store")}</dt><dd><${State} part="store" state="down" /></dd></dl>`;
  return hasAsked && html`<p class="problem">${say("overview.no_answer")}</p>`;
}

/** What calls have told of the store counts where it is worse. */
function Answered({ health: { missing, took, at }, isDown }) {
  return html`<dl class="members">
    <dt>${say("overview.edge")}</dt><dd><${State} part="edge" state=${missing.edge ?? "up"} /></dd>
    <dt>${say("overview.store")}</dt><dd><${State} part="store" state=${missing.store ?? (isDown ? "down" : "up")} /></dd>
    <dt>${say("overview.took")}</dt><dd>${say("overview.ms", { shown: number(Math.max(1, Math.round(took))) })}</dd>
    <dt>${say("overview.asked")}</dt><dd><${Moment} at=${new Date(at).toISOString()} /></dd>
  </dl>`;
}
