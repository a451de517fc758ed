// What an administrator can do to a user or a session: the questions before it, and the calls behind it.

import { html } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { REVOKE, revokeAll } from "../api/revoking.js";
import { curl, outerward } from "../words/commands.js";
import { rfc3339 } from "../words/instant.js";
import { say } from "../words/say.js";
import { terminal } from "./commands.js";
import { Confirm, ReasonField } from "./dialog.js";
import { nameOf } from "./people.js";
import { toast } from "./toasts.js";

/** The filter that finds all sessions of a user. */
export function filterOfUser(id) {
  return `obj.application_user_id == ${JSON.stringify(id)}`;
}

/** What becomes of the live sessions of a user: the sentence `text` by their count, another where there is none. */
export function ends(text, { outerward: { sessions } }) {
  return sessions ? say(text, { count: sessions }) : say("acts.nothing_ends");
}

export function SignOut({ user, onDone, onClose }) {
  const name = nameOf(user, user.id);
  const body = ({ reason }) => ({ filter: filterOfUser(user.id), ...(reason && { reason }) });
  return html`<${Confirm}
    title=${say("acts.sign_out", { name })}
    means=${[ends("acts.sign_out_means", user), say("acts.user_stays")]}
    verb=${say("acts.sign_out_verb")}
    initial=${{ reason: "" }}
    fields=${(values, set) => html`<${ReasonField} values=${values} set=${set} />`}
    act=${(values) => revokeAll(body(values))}
    commands=${(values) => terminal(
      curl(REVOKE, { method: "POST", body: body(values) }),
      outerward(["users", "signout", user.id], { reason: values.reason }),
    )}
    onDone=${(answer) => {
      toast(say("acts.signed_out", { name, count: answer.matched }));
      onDone();
    }}
    onClose=${onClose}
  />`;
}

export function Delete({ user, onDone, onClose }) {
  const name = nameOf(user, user.id);
  const path = `/app/users/${user.id}`;
  return html`<${Confirm}
    title=${say("acts.delete", { name })}
    means=${[say("acts.delete_removes"), ends("acts.delete_means", user), say("acts.may_come_back")]}
    verb=${say("acts.delete_verb")}
    act=${() => ask(path, { method: "DELETE" })}
    commands=${() => terminal(curl(path, { method: "DELETE" }), outerward(["users", "delete", user.id]))}
    onDone=${() => {
      toast(say("acts.deleted", { name }));
      onDone();
    }}
    onClose=${onClose}
  />`;
}

const TERMS = { "": null, "1h": 3_600_000, "1d": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 };

export function Block({ user, onDone, onClose }) {
  const name = nameOf(user, user.id);
  const path = `/app/users/${user.id}/block`;
  const bodyOf = ({ term, reason }) => ({
    ...(TERMS[term] && { until: rfc3339(Date.now() + TERMS[term]) }),
    ...(reason && { reason }),
  });
  const fields = (values, set) => html`
    <label class="field">
      <span>${say("acts.block_term")}</span>
      <select value=${values.term} onChange=${(event) => set({ term: event.target.value })}>
        ${Object.keys(TERMS).map((term) => html`<option value=${term} key=${term}>${say(`acts.term.${term || "ever"}`)}</option>`)}
      </select>
    </label>
    <${ReasonField} values=${values} set=${set} />`;
  return html`<${Confirm}
    title=${say("acts.block", { name })}
    means=${[ends("acts.block_means", user), say("acts.block_holds")]}
    verb=${say("acts.block_verb")}
    initial=${{ term: "", reason: "" }}
    fields=${fields}
    act=${(values) => ask(path, { method: "PUT", body: bodyOf(values) })}
    commands=${(values) => terminal(
      curl(path, { method: "PUT", body: bodyOf(values) }),
      outerward(["users", "block", user.id], { until: values.term, reason: values.reason }),
    )}
    onDone=${() => {
      toast(say("acts.blocked", { name }));
      onDone();
    }}
    onClose=${onClose}
  />`;
}

export function Unblock({ user, onDone, onClose }) {
  const name = nameOf(user, user.id);
  const path = `/app/users/${user.id}/block`;
  return html`<${Confirm}
    title=${say("acts.unblock", { name })}
    means=${[say("acts.unblock_means")]}
    verb=${say("acts.unblock_verb")}
    act=${() => ask(path, { method: "DELETE" })}
    commands=${() => terminal(curl(path, { method: "DELETE" }), outerward(["users", "unblock", user.id]))}
    onDone=${() => {
      toast(say("acts.unblocked", { name }));
      onDone();
    }}
    onClose=${onClose}
  />`;
}

export function EndSession({ session, onDone, onClose }) {
  const { user, tunnel } = session.outerward;
  const name = nameOf(user, session.application_user.id);
  const path = `/app/sessions/${session.id}`;
  return html`<${Confirm}
    title=${say("acts.end", { name })}
    means=${[say("acts.end_means", { tunnel }), say("acts.no_undo")]}
    verb=${say("acts.end_verb")}
    act=${() => ask(path, { method: "DELETE" })}
    commands=${() => terminal(curl(path, { method: "DELETE" }), outerward(["sessions", "revoke", session.id]))}
    onDone=${() => {
      toast(say("acts.ended", { name, tunnel }));
      onDone();
    }}
    onClose=${onClose}
  />`;
}
