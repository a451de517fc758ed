// The question before many sessions end, how far it has come, and what came of it.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { REVOKE } from "../api/revoking.js";
import { useEndingMany } from "../lists/ending_many.js";
import { curl, outerward } from "../words/commands.js";
import { conditionsOf, EVERY } from "../words/filter_language.js";
import { LANG, pieces, say } from "../words/say.js";
import { Commands, terminal } from "./commands.js";
import { Dialog, ReasonField } from "./dialog.js";
import { wordsOf } from "./filters.js";
import { toast } from "./toasts.js";

const FAILED_SHOWN = 20;
const lists = new Intl.ListFormat(LANG, { type: "unit" });
const together = new Intl.ListFormat(LANG, { type: "conjunction" });

/** Ends what `body` finds, `{ ids }` or `{ filter }`; `onEnded(ids)` is called with what was ended, if anything. */
export function EndMany({ body, onEnded, onClose }) {
  const [reason, setReason] = useState("");
  const ending = useEndingMany(body);
  const { phase, tally } = ending;
  const isEnding = phase === "ending";
  const close = (event) => {
    if (isEnding) {
      ending.stop();
      if (event.cancelable) event.preventDefault();
      if (event.type !== "close") return;
    }
    if (tally.ended.length) {
      toast(say("sessions.many.ended", { count: tally.ended.length }));
      onEnded(tally.ended);
    }
    onClose();
  };
  const isOver = phase === "done" || phase === "stopped";
  return html`<${Dialog} title=${say(isOver ? "sessions.many.title_over" : "sessions.many.title")} onClose=${close}>
    <form
      onSubmit=${(event) => {
        event.preventDefault();
        if (phase === "counted") ending.begin(reason.trim());
      }}
    >
      <${About} body=${body} />
      <div role="status"><${Told} ending=${ending} /></div>
      <${Going} ending=${ending} />
      <div role="alert">${phase === "failed" && html`<p class="problem">${ending.error.message}</p>`}</div>
      ${phase === "counted" && ending.found.matched > 0 && html`
        <p>${say("acts.no_undo")}</p>
        <${ReasonField} values=${{ reason }} set=${(some) => setReason(some.reason)} />`}
      <${Buttons} ending=${ending} onClose=${close} />
      ${phase === "counted" && html`<${Commands} lines=${commandsOf(body, reason.trim())} />`}
    </form>
  <//>`;
}

function commandsOf(body, reason) {
  const words = ["sessions", "revoke", ...(body.ids ?? [])];
  return terminal(
    curl(REVOKE, { method: "POST", body: { ...body, ...(reason && { reason }) } }),
    outerward(words, { filter: body.filter, reason }),
  );
}

/** Which sessions a filter is about; of chosen ones the title says so. */
function About({ body: { filter } }) {
  if (!filter) return null;
  if (filter === EVERY) return html`<p>${say("sessions.many.about_every")}</p>`;
  const conditions = conditionsOf(filter) ?? [{ text: filter, condition: null }];
  const shown = conditions.map(({ text, condition }) =>
    condition ? html`<bdi>${wordsOf(condition)}</bdi>` : html`<code class="raw">${text}</code>`);
  const places = together.formatToParts(shown.map((_, place) => String(place)));
  const words = places.map(({ type, value }) => (type === "element" ? shown[value] : value));
  return html`<p>${pieces("sessions.many.about", { filter: words })}</p>`;
}

/** What was found, or what came of it, in a sentence. */
function Told({ ending: { phase, found, tally } }) {
  const says = (sentence, counts) => html`<p>${say(`sessions.many.${sentence}`, counts)}</p>`;
  if (phase === "counting") return says("counting", { count: found.matched });
  if (phase === "counted") return html`<${Found} found=${found} />`;
  if (phase === "stopped") return html`${says("stopped", counts(tally, found))}<${Failures} failed=${tally.failed} />`;
  if (phase === "done") return html`${says("done", { count: tally.ended.length })}<${Failures} failed=${tally.failed} />`;
  return tally.ended.length ? says("so_far", counts(tally, found)) : null;
}

function counts(tally, found) {
  return { ended: tally.ended.length, count: found.matched };
}

function Found({ found: { matched, users, yours, failed } }) {
  if (!matched) return html`<p><strong>${say("sessions.many.nothing")}</strong></p>`;
  const each = [
    say("sessions.many.sessions", { count: matched }),
    say("sessions.many.users", { count: users }),
    ...(yours ? [say("sessions.many.yours", { count: yours })] : []),
  ];
  return html`<p><strong>${lists.format(each)}</strong></p>
    ${failed.length > 0 && html`<p>${say("sessions.many.over_already", { count: failed.length })}</p>`}`;
}

function Failures({ failed }) {
  if (!failed.length) return null;
  const more = failed.length - FAILED_SHOWN;
  return html`<p>${say("sessions.many.failed", { count: failed.length })}</p>
    <ul class="failures">
      ${failed.slice(0, FAILED_SHOWN).map(({ id, msg }) => html`<li key=${id}><code>${id}</code> ${msg}</li>`)}
      ${more > 0 && html`<li>${say("sessions.many.more", { count: more })}</li>`}
    </ul>`;
}

function Going({ ending: { phase, found, tally } }) {
  if (phase !== "ending") return null;
  const text = say("sessions.many.progress", counts(tally, found));
  return html`<p class="going">
    <progress max=${found.matched} value=${tally.ended.length} aria-label=${say("sessions.many.progress_of")}>${text}</progress>
    <span>${text}</span>
  </p>`;
}

/** One button leads away in every phase, so that the focus has a place to stay. */
function Buttons({ ending, onClose }) {
  const away = useRef(null);
  const { phase, found } = ending;
  useEffect(() => {
    if (phase !== "counting" && phase !== "counted") away.current.focus();
  }, [phase]);
  const isOver = phase === "done" || phase === "stopped" || (phase === "counted" && !found.matched);
  return html`<div class="buttons">
    <button type="button" ref=${away} onClick=${onClose}>${say(isOver ? "parts.close" : "parts.cancel")}</button>
    ${phase === "counted" && found.matched > 0 && html`<button type="submit" class="danger">
      ${say("sessions.many.verb", { count: found.matched })}
    </button>`}
    ${phase === "failed" && html`<button type="button" class="danger" onClick=${ending.goOn}>${say("parts.try_again")}</button>`}
  </div>`;
}
