// All that is kept of a person: taken along as a file, or erased for good. For the highest role alone.

import { html, useState } from "../vendor/preact.js";
import { isSameText } from "../words/access.js";
import { address, ask, file } from "../api/calls.js";
import { curl, outerward } from "../words/commands.js";
import { say } from "../words/say.js";
import { ends } from "./acts.js";
import { terminal } from "./commands.js";
import { Confirm } from "./dialog.js";
import { useSaving } from "./export.js";
import { Icon } from "./icons.js";
import { nameOf } from "./people.js";

/** A button that saves all that is kept of the user `id` as a file. */
export function ExportAll({ id }) {
  const [busy, run] = useSaving();
  const read = (signal) => file(`/app/users/${id}/export`, {}, signal);
  return html`<button type="button" class="small quiet" aria-busy=${busy !== ""} onClick=${() => run("all", `${id}.json`, read)}>
    <${Icon} name="download" /><span>${say("user.export")}</span>
  </button>`;
}

function TypedName({ name, value, set }) {
  return html`<label class="field">
    <span>${say("user.erase_type")} <bdi class="soft">${name}</bdi></span>
    <input
      type="text"
      autocomplete="off"
      autocapitalize="none"
      spellcheck=${false}
      value=${value}
      onInput=${(event) => set({ typed: event.target.value })}
    />
  </label>`;
}

/** Asks for the user's name, or the id, before all that is kept of the person is erased. */
function Erase({ user, onDone, onClose }) {
  const name = nameOf(user, user.id);
  const path = address(`/app/users/${user.id}`, { erase: "true" });
  return html`<${Confirm}
    title=${say("user.erase_ask", { name })}
    means=${[say("user.erase_means"), ends("acts.delete_means", user), say("user.erase_stays")]}
    verb=${say("user.erase_verb")}
    initial=${{ typed: "" }}
    fields=${({ typed }, set) => html`<${TypedName} name=${name} value=${typed} set=${set} />`}
    canAct=${({ typed }) => [name, user.id].some((text) => isSameText(typed, text))}
    act=${() => ask(path, { method: "DELETE" })}
    commands=${() => terminal(curl(path, { method: "DELETE" }), outerward(["users", "delete", user.id], { erase: true }))}
    onDone=${onDone}
    onClose=${onClose}
  />`;
}

export function EraseButton({ user, onDone }) {
  const [isAsked, setAsked] = useState(false);
  const label = say("user.erase_button", { name: nameOf(user, user.id) });
  return html`<button type="button" class="small danger-quiet" aria-label=${label} title=${label} onClick=${() => setAsked(true)}>
      <${Icon} name="trash" /><span>${say("user.erase")}</span>
    </button>
    ${isAsked && html`<${Erase} user=${user} onDone=${onDone} onClose=${() => setAsked(false)} />`}`;
}
