// One user: who that is, where the live sessions are and how they are used, and what happened before.

import { html, useState } from "../vendor/preact.js";
import { ask, orNull } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { curl, outerward } from "../words/commands.js";
import { edgeNames } from "../api/edge_names.js";
import { useFollowed } from "../api/following.js";
import { useHeading } from "../heading.js";
import { useLocationState } from "../location_state.js";
import { may, page } from "../page.js";
import { say } from "../words/say.js";
import { Commands, terminal } from "../parts/commands.js";
import { EndpointsOfUser } from "../parts/endpoints_of_user.js";
import { EraseButton, ExportAll } from "../parts/erase.js";
import { GoneUser } from "../parts/gone_user.js";
import { Clock } from "../parts/moment.js";
import { nameOf } from "../parts/people.js";
import { Unread } from "../parts/table.js";
import { toastOnNextPage } from "../parts/toasts.js";
import { Traces, useTraces } from "../parts/traces.js";
import { UserButtons } from "../parts/user_buttons.js";
import { UserFacts } from "../parts/user_facts.js";

const USERS = "/dashboard/users";
const STATE = { access: "" };

/** The user with what is live; a `user` that is null is gone, or never was. */
async function load(signal) {
  const path = `/app/users/${page.id}`;
  const [user, list] = await Promise.all([orNull(ask(path, { signal })), orNull(ask(`${path}/sessions`, { signal }))]);
  const block = user && !user.outerward.blocked ? null : await orNull(ask(`${path}/block`, { signal }));
  const sessions = list?.application_sessions ?? [];
  return { user, block, sessions, isCut: Boolean(list?.next_page_uri), edges: await edgeNames(sessions, signal) };
}

/** Back to the list, where a note says what was done. */
function leave(text) {
  toastOnNextPage(text);
  location.assign(USERS);
}

function Head({ user, again }) {
  const name = nameOf(user, user.id);
  const done = (act) => (act === "Delete" ? leave(say("acts.deleted", { name })) : again());
  return html`<div class="tools">
    <a href=${USERS}>${say("user.back")}</a>
    ${user.outerward.blocked && html`<span class="tag bad">${say("user.blocked")}</span>`}
    <span class="apart acts">
      <${UserButtons} user=${user} onDone=${done} words />
      ${may("admin") && html`<${ExportAll} id=${user.id} />
        <${EraseButton} user=${user} onDone=${() => leave(say("user.erased", { name }))} />`}
    </span>
  </div>`;
}

function useChoice() {
  const [{ access }, change] = useLocationState(STATE);
  const [turn, setTurn] = useState(0);
  const choose = (id) => {
    change({ access: id }, { step: true });
    setTurn((count) => count + 1);
  };
  return { access, turn, choose };
}

function commandsOf(id) {
  const path = `/app/users/${id}`;
  return [
    ...terminal(curl(`${path}/sessions`), outerward(["users", "sessions", id])),
    { what: say("user.in_a_terminal_user"), text: outerward(["users", "get", id]) },
    ...(may("admin") ? [{ what: say("user.in_a_terminal_export"), text: outerward(["users", "export", id]) }] : []),
  ];
}

export default function User() {
  const asked = useAsked(load, [page.id]);
  const traces = useTraces(page.id);
  const choice = useChoice();
  const [turn, setTurn] = useState(0);
  const { value, error } = asked;
  const renew = () => {
    asked.again();
    setTurn((count) => count + 1);
  };
  const again = () => {
    renew();
    traces.again();
  };
  const refresh = () => value?.user && !asked.isSlow && renew();
  useFollowed({ user: page.id }, { refresh, happened: again });
  useHeading(value?.user ? nameOf(value.user, page.id) : "");
  if (!value) return html`<${Unread} error=${error} again=${again} />`;
  if (!value.user) return html`<${Clock}><${GoneUser} id=${page.id} block=${value.block} traces=${traces} again=${again} /><//>`;
  return html`<${Clock}>
    <${Head} user=${value.user} again=${again} />
    <${UserFacts} user=${value.user} block=${value.block} />
    <${EndpointsOfUser} ...${value} choice=${choice} turn=${turn} onEnded=${again} />
    <${Traces} id=${page.id} traces=${traces} />
    <${Commands} lines=${commandsOf(page.id)} />
  <//>`;
}
