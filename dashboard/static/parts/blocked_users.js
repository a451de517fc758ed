// Who may not sign in, since when, until when and why; also those whose user was deleted since.

import { html, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { nextOf } from "../api/reading.js";
import { userPage } from "../words/addresses.js";
import { curl, outerward } from "../words/commands.js";
import { may } from "../page.js";
import { say } from "../words/say.js";
import { Unblock } from "./acts.js";
import { Commands, terminal } from "./commands.js";
import { Icon } from "./icons.js";
import { Moment } from "./moment.js";
import { Pager, useBack, usePages } from "./pager.js";
import { nameOf, Person } from "./people.js";
import { Loading, Nothing, Table, Unread } from "./table.js";
import { Actor } from "./told.js";

const LIST = "/app/blocks";
const REFRESHED_MS = 10_000;

function UnblockButton({ block, onDone }) {
  const [isAsked, setAsked] = useState(false);
  const user = { ...block, id: block.user_id };
  const label = say("acts.unblock_button", { name: nameOf(user, user.id) });
  return html`<button type="button" class="small quiet" aria-label=${label} title=${label} onClick=${() => setAsked(true)}>
      <${Icon} name="allow" /><span>${say("acts.unblock_button_short")}</span>
    </button>
    ${isAsked && html`<${Unblock} user=${user} onDone=${onDone} onClose=${() => setAsked(false)} />`}`;
}

function columns(again) {
  const all = [
    { id: "provider", title: say("users.provider"), cell: (block) => html`<bdi>${block.identity_provider.name}</bdi>` },
    { id: "user", title: say("users.user"), cell: (block) => html`<${Person} user=${block} id=${block.user_id} href=${userPage(block.user_id)} />` },
    { id: "blocked_at", title: say("user.blocked_at"), cell: ({ blocked_at: at }) => html`<${Moment} at=${at} />` },
    { id: "until", title: say("user.blocked_until"), cell: ({ until }) => (until ? html`<${Moment} at=${until} />` : say("user.blocked_for_good")) },
    { id: "reason", title: say("user.blocked_reason"), cell: ({ reason }) => (reason ? html`<bdi>${reason}</bdi>` : html`<span class="none">${say("parts.none")}</span>`) },
    { id: "blocked_by", title: say("user.blocked_by"), cell: ({ blocked_by: by }) => html`<${Actor} actor=${by} />` },
  ];
  if (!may("revoke")) return all;
  const cell = (block) => html`<${UnblockButton} block=${block} onDone=${again} />`;
  return [...all, { id: "acts", title: say("users.acts"), kind: "actions", hidesTitle: true, cell }];
}

export function BlockedUsers() {
  const pages = usePages();
  const list = useAsked((signal) => ask(LIST, { query: { before_id: pages.before }, signal }), [pages.before]);
  useEvery(REFRESHED_MS, () => list.isSlow || list.again());
  useBack(pages, list.value?.blocks);
  return html`<${List} list=${list} isFirst=${!pages.depth && list.isCurrent} />
    <${Pager} pages=${pages} next=${nextOf(list.value)} name=${say("blocked.title")} />
    <${Commands} lines=${terminal(curl(LIST), outerward(["users", "blocks"]))} />`;
}

function List({ list, isFirst }) {
  if (list.value === null) return html`<${Unread} error=${list.error} again=${list.again} />`;
  const { blocks } = list.value;
  if (!blocks.length && !isFirst) return html`<${Loading} />`;
  if (!blocks.length) return html`<${Nothing} title=${say("blocked.none")}><p>${say("blocked.none_means")}</p><//>`;
  return html`<${Table} name=${say("blocked.title")} columns=${columns(list.again)} rows=${blocks} keyOf=${({ user_id: id }) => id} />`;
}
