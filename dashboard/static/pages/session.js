// One session, live or over: whose it is, where it leads, how it is used, and how it ended.

import { html, useRef, useState } from "../vendor/preact.js";
import { entriesOf, isOfSession } from "../words/access.js";
import { ask, orNull } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { curl, outerward } from "../words/commands.js";
import { edgeNames } from "../api/edge_names.js";
import { useFollowed } from "../api/following.js";
import { useHeading } from "../heading.js";
import { useKeptFocus } from "../kept_focus.js";
import { page } from "../page.js";
import { say } from "../words/say.js";
import { AccessDetails } from "../parts/access_details.js";
import { Commands, terminal } from "../parts/commands.js";
import { Id } from "../parts/copy.js";
import { Clock } from "../parts/moment.js";
import { nameOf } from "../parts/people.js";
import { SessionFacts } from "../parts/session_facts.js";
import { Nothing, Unread } from "../parts/table.js";

const SESSIONS = "/dashboard/sessions";

/** The session, live or over, with what people call it; a `session` that is null is neither any more. */
async function load(signal) {
  const live = await orNull(ask(`/app/sessions/${page.id}`, { signal }));
  const session = live ?? (await over(signal));
  if (!session) return { session: null };
  const [entry] = entriesOf([session], await edgeNames([session], signal));
  return entry;
}

async function over(signal) {
  const query = { state: "ended", filter: `obj.id == ${JSON.stringify(page.id)}` };
  const { application_sessions: sessions } = await ask("/app/sessions", { query, signal });
  return sessions[0] ?? null;
}

function commandsOf(id) {
  return terminal(curl(`/app/sessions/${id}/accesses`), outerward(["sessions", "get", id]));
}

function Gone() {
  return html`<${Nothing} title=${say("session.gone")}>
    <p><${Id} id=${page.id} what=${say("session.the_id")} whole /></p>
    <p>${say("session.gone_means")}</p>
    <p><a class="button" href=${SESSIONS}>${say("session.back")}</a></p>
  <//>`;
}

export default function Session() {
  const asked = useAsked(load, [page.id]);
  const [turn, setTurn] = useState(0);
  const heading = useRef(null);
  const { value, error } = asked;
  const session = value?.session;
  const isLive = Boolean(session && !session.outerward.ended_at);
  const again = () => {
    asked.again();
    setTurn((count) => count + 1);
  };
  // What is over does not change any more.
  const refresh = () => isLive && !asked.isSlow && again();
  useKeptFocus(heading, session && isLive);
  useFollowed({ isAbout: (event) => isOfSession(event, page.id) }, { refresh, happened: again });
  const name = session ? nameOf(session.outerward.user, session.application_user.id) : "";
  useHeading(session ? say("session.of", { name }) : "");
  if (!value) return html`<${Unread} error=${error} again=${again} />`;
  if (!session) return html`<${Gone} />`;
  return html`<${Clock}>
    <div class="tools">
      <a href=${SESSIONS}>${say("session.back")}</a>
      <span class=${isLive ? "tag good" : "tag"}>${say(isLive ? "session.live" : "session.over")}</span>
    </div>
    <${SessionFacts} session=${session} title=${value.title} />
    <${AccessDetails} session=${session} title=${value.title} heading=${heading} turn=${turn} onEnded=${again} key=${session.id} />
    <${Commands} lines=${commandsOf(page.id)} />
  <//>`;
}
