// What a first run shows in place of an empty list: the next three steps.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { Nothing } from "./table.js";

export function FirstSteps() {
  return html`<${Nothing} title=${say("parts.first_title")}>
    <ol class="steps">
      <li><a href="/dashboard/tunnels">${say("parts.first_open")}</a> ${say("parts.first_open_why")}</li>
      <li>${say("parts.first_sign_in")}</li>
      <li>${say("parts.first_look")}</li>
    </ol>
  <//>`;
}
