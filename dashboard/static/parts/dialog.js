// A question before something is done: what will happen, and a way back.
//
// The browser's own dialog: it keeps the focus inside, closes with Escape, and gives the focus back.

import { html, useEffect, useId, useRef, useState } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { Commands } from "./commands.js";
import { toast } from "./toasts.js";

/** A modal dialog as long as it is rendered; `onClose(event)` is called where somebody closes it. */
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  const isGone = useRef(false);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    dialog.showModal();
    return () => {
      // The event of this close is still to come.
      isGone.current = true;
      dialog.close();
      if (before?.isConnected) before.focus();
      else document.getElementById("main").focus();
    };
  }, []);
  const close = (event) => isGone.current || onClose(event);
  return html`<dialog ref=${element} aria-labelledby=${id} onClose=${close} onCancel=${close}>
    <h2 id=${id}>${title}</h2>
    ${children}
  </dialog>`;
}

/**
 * Asks before an act that cannot be taken back.
 *
 * `means`: sentences on what will happen. `verb` is on the button. `fields`: more of the form, as a function of
 * its values and their setter. `act(values)` does it and throws where it was not done; then `onDone(result)`. What
 * comes of it is told also where somebody has closed the question meanwhile.
 * `commands(values)`: the same in a terminal. `look` is the button's class: an act that takes nothing is "primary".
 */
export function Confirm({ look = "danger", title, means, verb, initial = {}, fields, act, commands, canAct = () => true, onDone, onClose }) {
  const [values, setValues] = useState(initial);
  const [state, setState] = useState({ busy: false, error: null });
  const isGone = useRef(false);
  useEffect(() => () => {
    isGone.current = true;
  }, []);
  const set = (some) => setValues((now) => ({ ...now, ...some }));
  const submit = async (event) => {
    event.preventDefault();
    if (state.busy) return;
    setState({ busy: true, error: null });
    try {
      const result = await act(values);
      // Closed meanwhile: what is open now is another question.
      if (!isGone.current) onClose();
      onDone?.(result);
    } catch (error) {
      if (error.status === undefined) throw error;
      if (isGone.current) toast(say("parts.not_done", { question: title, problem: error.message }));
      else setState({ busy: false, error });
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${submit}>
      ${means.map((sentence) => html`<p key=${sentence}>${sentence}</p>`)}
      ${fields?.(values, set)}
      <div role="alert">${state.error && html`<p class="problem">${state.error.message}</p>`}</div>
      <div class="buttons">
        <button type="button" onClick=${onClose}>${say("parts.cancel")}</button>
        <button type="submit" class=${look} disabled=${state.busy || !canAct(values)} aria-busy=${state.busy}>
          ${verb}
        </button>
      </div>
      ${commands && html`<${Commands} lines=${commands(values)} />`}
    </form>
  <//>`;
}

/** A field for why; it stands in the events. */
export function ReasonField({ values, set }) {
  return html`<label class="field">
    <span>${say("parts.reason")} <span class="soft">${say("parts.reason_hint")}</span></span>
    <input
      type="text"
      maxlength="200"
      autocomplete="off"
      value=${values.reason}
      onInput=${(event) => set({ reason: event.target.value })}
    />
  </label>`;
}
