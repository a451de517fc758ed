// A user's page where there is no user any more, or never was: what is still known, and where to go on.

import { html, useState } from "../vendor/preact.js";
import { may } from "../page.js";
import { say } from "../words/say.js";
import { Unblock } from "./acts.js";
import { Id } from "./copy.js";
import { ExportAll } from "./erase.js";
import { Traces } from "./traces.js";
import { BlockedPanel } from "./user_facts.js";

function Blocked({ block, again }) {
  const [isAsked, setAsked] = useState(false);
  const user = { ...block, id: block.user_id };
  return html`<${BlockedPanel} block=${block}>
    ${may("revoke") && html`<p><button type="button" onClick=${() => setAsked(true)}>${say("acts.unblock_button_short")}</button></p>`}
    ${isAsked && html`<${Unblock} user=${user} onDone=${again} onClose=${() => setAsked(false)} />`}
  <//>`;
}

/** `block`: one that stands although the user is gone; null where none does. */
export function GoneUser({ id, block, traces, again }) {
  const hasTraces = Boolean(traces.value?.ended.application_sessions.length || traces.value?.events.length);
  return html`<div class="nothing">
      <h2>${say("user.gone")}</h2>
      <p><${Id} id=${id} what=${say("user.the_id")} whole /></p>
      <p>${say("user.gone_means")}</p>
      <p class="group">
        <a class="button" href="/dashboard/users">${say("user.back")}</a>
        ${may("admin") && (hasTraces || block) && html`<${ExportAll} id=${id} />`}
      </p>
    </div>
    ${block && html`<${Blocked} block=${block} again=${again} />`}
    ${(hasTraces || traces.error) && html`<${Traces} id=${id} traces=${traces} />`}`;
}
