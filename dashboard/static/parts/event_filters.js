// Which events are asked for: of which types, and of whom.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { TYPES } from "../words/event_words.js";
import { say } from "../words/say.js";
import { Icon } from "./icons.js";
import { CalledUser } from "./names.js";

/** `type` is several with commas between them, as the API takes them; `onChange` gets what is another. */
export function EventFilters({ type, user, onChange }) {
  const chosen = type ? type.split(",") : [];
  const toggle = (one) => {
    const next = chosen.includes(one) ? chosen.filter((each) => each !== one) : [...chosen, one];
    onChange({ type: TYPES.filter((each) => next.includes(each)).join(",") });
  };
  return html`<${Drop} name=${chosen.length ? say("events.types_chosen", { count: chosen.length }) : say("events.all_types")}>
      <legend>${say("events.types")}</legend>
      ${TYPES.map((one) => html`<label class="check" key=${one}>
        <input type="checkbox" checked=${chosen.includes(one)} onChange=${() => toggle(one)} />
        <span>${say(`events.type.${one}`)}</span>
      </label>`)}
      <button type="button" class="small" disabled=${!chosen.length} onClick=${() => onChange({ type: "" })}>${say("events.every_type")}</button>
    <//>
    ${user && html`<span class="chip">
      <span>${say("events.of")} <${CalledUser} id=${user} /></span>
      <button type="button" class="quiet" aria-label=${say("events.of_everybody")} title=${say("events.of_everybody")}
        onClick=${() => onChange({ user: "" })}><${Icon} name="cross" /></button>
    </span>`}`;
}

/** A button that opens a group of fields over what follows; Escape and a look elsewhere close it. */
function Drop({ name, children }) {
  const [isOpen, setOpen] = useState(false);
  const element = useRef(null);
  const button = useRef(null);
  useEffect(() => {
    const away = ({ target }) => element.current.contains(target) || setOpen(false);
    const types = ["pointerdown", "focusin"];
    types.forEach((type) => document.addEventListener(type, away));
    return () => types.forEach((type) => document.removeEventListener(type, away));
  }, []);
  const escape = ({ key }) => {
    if (key !== "Escape") return;
    setOpen(false);
    button.current.focus();
  };
  return html`<div class="drop" ref=${element} onKeyDown=${escape}>
    <button type="button" ref=${button} aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${name}</button>
    ${isOpen && html`<fieldset>${children}</fieldset>`}
  </div>`;
}
