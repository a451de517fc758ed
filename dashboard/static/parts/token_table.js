// Tokens as a table, and the question before one is revoked.

import { html, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { curl, outerward } from "../words/commands.js";
import { page } from "../page.js";
import { say } from "../words/say.js";
import { Id } from "./copy.js";
import { terminal } from "./commands.js";
import { Confirm } from "./dialog.js";
import { Icon } from "./icons.js";
import { Moment } from "./moment.js";
import { Table } from "./table.js";
import { toast } from "./toasts.js";

function isOwn({ id }) {
  return page.actor === `token:${id}`;
}

function isOver({ expires_at: expiresAt }) {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

function Name({ token }) {
  return html`<strong><bdi>${token.name}</bdi></strong>
    ${isOwn(token) && html` <span class="tag good">${say("tokens.yours")}</span>`}
    ${isOver(token) && html` <span class="tag warn">${say("tokens.over")}</span>`}`;
}

function Revoke({ token, onDone, onClose }) {
  const { id, name } = token;
  const path = `/tokens/${id}`;
  return html`<${Confirm}
    title=${say("tokens.revoke", { name })}
    means=${[say("tokens.revoke_means"), ...(isOwn(token) ? [say("tokens.revoke_own")] : [])]}
    verb=${say("tokens.revoke_verb")}
    act=${() => ask(path, { method: "DELETE" })}
    commands=${() => terminal(curl(path, { method: "DELETE" }), outerward(["tokens", "revoke", id]))}
    onDone=${() => {
      toast(say("tokens.revoked", { name }));
      onDone();
    }}
    onClose=${onClose}
  />`;
}

function RevokeButton({ token, onDone }) {
  const [isAsked, setAsked] = useState(false);
  const name = say("tokens.revoke_button", { name: token.name });
  return html`<button type="button" class="small danger-quiet" aria-label=${name} title=${name} onClick=${() => setAsked(true)}>
      <${Icon} name="trash" /><span>${say("tokens.revoke_verb")}</span>
    </button>
    ${isAsked && html`<${Revoke} token=${token} onDone=${onDone} onClose=${() => setAsked(false)} />`}`;
}

export function TokenTable({ tokens, again }) {
  const columns = [
    { id: "name", cell: (token) => html`<${Name} token=${token} />` },
    { id: "scope", cell: ({ scope }) => say(`tokens.scope.${scope}`) },
    { id: "created", cell: (token) => html`<${Moment} at=${token.created_at} />` },
    { id: "used", cell: ({ last_used: at }) => (at ? html`<${Moment} at=${at} />` : html`<span class="soft">${say("tokens.never")}</span>`) },
    { id: "expires", cell: ({ expires_at: at }) => (at ? html`<${Moment} at=${at} />` : html`<span class="soft">${say("tokens.never")}</span>`) },
    { id: "id", cell: ({ id, name }) => html`<${Id} id=${id} what=${say("tokens.id_of", { name })} />` },
    { id: "acts", kind: "actions", hidesTitle: true, cell: (token) => html`<${RevokeButton} token=${token} onDone=${again} />` },
  ].map((column) => ({ ...column, title: say(`tokens.${column.id}`) }));
  return html`<${Table} name=${say("tokens.title")} columns=${columns} rows=${tokens} keyOf=${({ id }) => id} />`;
}
