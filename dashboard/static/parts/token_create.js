// A new token: what it may and for how long, and its secret, which is shown this once and kept nowhere.

import { html } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { curl, outerward } from "../words/commands.js";
import { rfc3339 } from "../words/instant.js";
import { SCOPES } from "../page.js";
import { say } from "../words/say.js";
import { CopyButton } from "./copy.js";
import { terminal } from "./commands.js";
import { Confirm, Dialog } from "./dialog.js";

const LIST = "/tokens";
const DAY_MS = 86_400_000;
const DAYS = ["30", "90", "365", ""];

function bodyOf({ name, scope, days }) {
  return { name: name.trim(), scope, ...(days && { expires_at: rfc3339(Date.now() + Number(days) * DAY_MS) }) };
}

function commandsOf(values) {
  const { name, scope, days } = values;
  return terminal(
    curl(LIST, { method: "POST", body: bodyOf(values) }),
    outerward(["tokens", "create"], { name: name.trim(), scope, expires: days && `${days}d` }),
  );
}

function Scopes({ scope, set }) {
  return html`<fieldset class="choices">
    <legend>${say("tokens.scope")}</legend>
    ${SCOPES.map((each) => html`<label class="check" key=${each}>
      <input type="radio" name="scope" value=${each} checked=${scope === each} onChange=${() => set({ scope: each })} />
      <span><strong>${say(`tokens.scope.${each}`)}</strong> <span class="soft">${say(`tokens.scope.${each}_means`)}</span></span>
    </label>`)}
  </fieldset>`;
}

function fields(values, set) {
  return html`
    <label class="field">
      <span>${say("tokens.name")} <span class="soft">${say("tokens.name_hint")}</span></span>
      <input type="text" maxlength="100" autocomplete="off" required value=${values.name} onInput=${(event) => set({ name: event.target.value })} />
    </label>
    <${Scopes} scope=${values.scope} set=${set} />
    <label class="field">
      <span>${say("tokens.expires")}</span>
      <select value=${values.days} onChange=${(event) => set({ days: event.target.value })}>
        ${DAYS.map((days) => html`<option value=${days} key=${days}>${days ? say("tokens.in_days", { count: Number(days) }) : say("tokens.never")}</option>`)}
      </select>
    </label>`;
}

export function CreateToken({ onDone, onClose }) {
  return html`<${Confirm}
    title=${say("tokens.create")}
    look="primary"
    means=${[say("tokens.create_means")]}
    verb=${say("tokens.create_verb")}
    initial=${{ name: "", scope: "read", days: "90" }}
    fields=${fields}
    canAct=${({ name }) => name.trim() !== ""}
    act=${(values) => ask(LIST, { method: "POST", body: bodyOf(values) })}
    commands=${commandsOf}
    onDone=${onDone}
    onClose=${onClose}
  />`;
}

/** The secret of `token`, as long as the dialog is open: the page forgets it with that. */
export function TokenMade({ token, onClose }) {
  return html`<${Dialog} title=${say("tokens.made", { name: token.name })} onClose=${onClose}>
    <p>${say("tokens.made_means")}</p>
    <div class="secret"><code tabindex="0" aria-label=${say("tokens.secret")}>${token.token}</code><${CopyButton} text=${token.token} what=${say("tokens.the_secret")} /></div>
    <p>${say("tokens.made_keep")}</p>
    <div class="buttons"><button type="button" class="primary" onClick=${onClose}>${say("tokens.made_close")}</button></div>
  <//>`;
}
