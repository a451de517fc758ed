// How the same is done in a terminal, folded away under what does it here.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { CopyButton } from "./copy.js";

/** The two lines that show an act or a reading: a call by curl, and a command of `outerward`. */
export function terminal(call, command) {
  return [
    { what: say("parts.curl"), text: call },
    { what: say("parts.command_line"), text: command },
  ];
}

/** `lines`: `{ what, text }` each, such as a call by curl and a command. */
export function Commands({ lines, summary = say("parts.in_a_terminal") }) {
  return html`<details class="commands">
    <summary>${summary}</summary>
    <p class="soft">${say("parts.terminal_token")}</p>
    ${lines.map(
      ({ what, text }) => html`<div class="command" key=${what}>
        <span class="soft">${what}</span><code tabindex="0">${text}</code><${CopyButton} text=${text} what=${what} />
      </div>`,
    )}
  </details>`;
}
