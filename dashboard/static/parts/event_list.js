// A few events in words, the newest first.

import { html, useMemo } from "../vendor/preact.js";
import { Moment } from "./moment.js";
import { learn } from "./names.js";
import { More, Told } from "./told.js";

/** `none` is said where there are none; `isWhole`: each unfolds to all that is known of it; `place` is a ref to the list. */
export function EventList({ events, none, isWhole = false, place = null }) {
  useMemo(() => learn(events), [events]);
  if (!events.length) return html`<p class="soft">${none}</p>`;
  return html`<ol class="happened" ref=${place}>
    ${events.map((event) => html`<li key=${event.id}>
      <span><${Told} event=${event} /></span> <span class="soft"><${Moment} at=${event.at} /></span>
      ${isWhole && html`<${More} event=${event} />`}
    </li>`)}
  </ol>`;
}
