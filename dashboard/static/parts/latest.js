// What happened last, and the way to all of it.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { EventList } from "./event_list.js";
import { Failed } from "./table.js";

export function Latest({ day: { events, error, again }, place }) {
  return html`<section class="panel" aria-labelledby="latest">
    <h2 id="latest">${say("overview.latest")}</h2>
    ${events && html`<${EventList} events=${events} none=${say("events.none")} place=${place} />`}
    ${!events && error && !error.passes && html`<${Failed} error=${error} again=${again} />`}
    <p><a href="/dashboard/events">${say("overview.all_events")}</a></p>
  </section>`;
}
