// What is left of a user beside the live sessions: those that are over, and what happened.

import { html } from "../vendor/preact.js";
import { address, ask, orNull } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { say } from "../words/say.js";
import { EndedSessions } from "./ended_sessions.js";
import { EventList } from "./event_list.js";
import { Failed, Loading } from "./table.js";

const ENDED = 20;
const EVENTS = 10;

/** Asks for the traces of the user `id`; a user that is gone has some too. */
export function useTraces(id) {
  return useAsked(async (signal) => {
    const ended = ask(`/app/users/${id}/sessions`, { query: { state: "ended", limit: ENDED }, signal });
    const events = ask("/events", { query: { user: id, limit: EVENTS }, signal });
    const [list, happened] = await Promise.all([orNull(ended), events]);
    return { ended: list ?? { application_sessions: [], next_page_uri: null }, events: happened.events };
  }, [id]);
}

export function Traces({ id, traces }) {
  if (!traces.value) {
    if (traces.error && !traces.error.passes) return html`<${Failed} error=${traces.error} again=${traces.again} />`;
    return traces.isSlow && html`<${Loading} />`;
  }
  return html`<section class="panel" aria-labelledby="ended">
      <h2 id="ended">${say("user.ended")}</h2>
      <${EndedSessions} userId=${id} list=${traces.value.ended} />
    </section>
    <section class="panel" aria-labelledby="latest">
      <h2 id="latest">${say("user.events")}</h2>
      <${EventList} events=${traces.value.events} none=${say("user.no_events")} isWhole />
      <p><a href=${address("/dashboard/events", { user: id })}>${say("user.all_events")}</a></p>
    </section>`;
}
