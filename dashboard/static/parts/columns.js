// Which columns of a table are shown: a button, and what it unfolds.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { Icon } from "./icons.js";

export function ColumnsButton({ isOpen, onToggle }) {
  return html`<button type="button" class="small" aria-expanded=${isOpen} aria-controls=${isOpen ? "columns" : null} onClick=${onToggle}>
    <${Icon} name="columns" /><span>${say("sessions.columns")}</span>
  </button>`;
}

export function Columns({ choices, chosen, onToggle }) {
  return html`<fieldset class="panel columns" id="columns">
    <legend>${say("sessions.columns_shown")}</legend>
    ${choices.map(({ id, title }) => html`<label class="check" key=${id}>
      <input type="checkbox" checked=${chosen.includes(id)} onChange=${() => onToggle(id)} /><span>${title}</span>
    </label>`)}
  </fieldset>`;
}
