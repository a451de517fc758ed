// App users: everybody who has signed in, and what can be done about them; and those who are blocked.

import { html, useEffect } from "../vendor/preact.js";
import { address, ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { nextOf } from "../api/reading.js";
import { userPage } from "../words/addresses.js";
import { curl, outerward } from "../words/commands.js";
import { useLocationState } from "../location_state.js";
import { counted, say } from "../words/say.js";
import { BlockedUsers } from "../parts/blocked_users.js";
import { Commands, terminal } from "../parts/commands.js";
import { Id } from "../parts/copy.js";
import { Export } from "../parts/export.js";
import { FirstSteps } from "../parts/first_steps.js";
import { Clock, Moment } from "../parts/moment.js";
import { Pager, useBack, usePages } from "../parts/pager.js";
import { nameOf, Person } from "../parts/people.js";
import { Search } from "../parts/search.js";
import { Loading, Nothing, Table, Unread } from "../parts/table.js";
import { Tabs } from "../parts/tabs.js";
import { UserButtons } from "../parts/user_buttons.js";

const LIST = "/app/users";
const REFRESHED_MS = 10_000;
const PAGE = "/dashboard/users";
const STATE = { q: "", state: "" };

function columns(again) {
  const at = (id) => ({
    id,
    title: say(`users.${id}`),
    cell: (user) => html`<${Moment} at=${user[id]} />`,
  });
  return [
    { id: "provider", title: say("users.provider"), head: html`<abbr title=${say("users.provider_means")}>${say("users.provider")}</abbr>`, cell: (user) => html`<bdi>${user.identity_provider.name}</bdi>` },
    { id: "id", title: say("users.id"), cell: (user) => html`<${Id} id=${user.id} what=${say("users.id_of", { name: nameOf(user, user.id) })} />` },
    { id: "user", title: say("users.user"), cell: (user) => html`<${Person} user=${user} id=${user.id} href=${userPage(user.id)} />
        ${user.outerward.blocked && html`<span class="tag bad">${say("users.blocked")}</span>`}` },
    { id: "sessions", title: say("users.sessions"), kind: "number", cell: (user) => user.outerward.sessions },
    at("last_login"),
    at("last_active"),
    at("created_at"),
    { id: "acts", title: say("users.acts"), kind: "actions", hidesTitle: true, cell: (user) => html`<${UserButtons} user=${user} onDone=${again} />` },
  ];
}

export default function Users() {
  const [{ q, state }, change] = useLocationState(STATE);
  const isBlocked = state === "blocked";
  const tabs = [
    { text: say("users.everybody"), href: PAGE, isCurrent: !isBlocked },
    { text: say("users.blocked"), href: address(PAGE, { state: "blocked" }), isCurrent: isBlocked },
  ];
  return html`<${Clock}>
    <${Tabs} name=${say("users.tabs")} tabs=${tabs} />
    ${isBlocked ? html`<${BlockedUsers} />` : html`<${Everybody} q=${q} change=${change} />`}
  <//>`;
}

function Everybody({ q, change }) {
  const pages = usePages();
  useEffect(pages.reset, [q]);
  const query = { q, before_id: pages.before };
  const list = useAsked((signal) => ask(LIST, { query, signal }), [q, pages.before]);
  const total = useAsked((signal) => ask(`${LIST}/count`, { query: { q }, signal }), [q]);
  const again = () => {
    list.again();
    total.again();
  };
  useEvery(REFRESHED_MS, () => list.isSlow || again());
  useBack(pages, list.value?.application_users);
  return html`
    <div class="tools">
      <${Search} value=${q} onChange=${(text) => change({ q: text })} hint=${say("users.search_hint")} />
      <p class="count" role="status">${total.value && say("users.count", { count: total.value.count, shown: counted(total.value) })}</p>
      <${Export} path=${LIST} query=${{ q }} member="application_users" name="users" />
    </div>
    <${List} list=${list} q=${q} again=${again} isFirst=${!pages.depth && (list.isCurrent || q !== "")} />
    <${Pager} pages=${pages} next=${nextOf(list.value)} name=${say("users.title")} />
    <${Commands} lines=${terminal(curl(address(LIST, { q })), outerward(["users", "ls"], { q }))} />`;
}

function List({ list, q, again, isFirst }) {
  if (list.value === null) return html`<${Unread} error=${list.error} again=${again} />`;
  const users = list.value.application_users;
  if (!users.length && !isFirst) return html`<${Loading} />`;
  if (!users.length && !q) return html`<${FirstSteps} />`;
  if (!users.length) return html`<${Nothing} title=${say("users.none_found", { q })}><p>${say("users.none_found_means")}</p><//>`;
  return html`<${Table} name=${say("users.title")} columns=${columns(again)} rows=${users} keyOf=${(user) => user.id} />`;
}
