// What a list of sessions is narrowed by: each condition as a chip, a form for one more, and the filter as text.

import { html, useEffect, useState } from "../vendor/preact.js";
import { added, around, conditionsOf, without } from "../words/filter_language.js";
import { country, knows, say } from "../words/say.js";
import { absolute } from "../words/time.js";
import { reasonOf } from "./ending.js";
import { FilterForm } from "./filter_form.js";
import { Icon } from "./icons.js";

const NOT_UNDERSTOOD = "ERR_OUTERWARD_3024";

/** `filter` as text, `onChange(filter)`; `error` is what the API says of it; `rows` tell what may be asked for. */
export function Filters({ filter, onChange, error, rows, isEnded }) {
  const conditions = conditionsOf(filter);
  const isWrong = error?.code === NOT_UNDERSTOOD;
  const [open, setOpen] = useState("");
  const shown = open || (!conditions || isWrong ? "text" : "");
  const toggle = (part) => setOpen(shown === part ? "none" : part);
  const apply = (next) => {
    setOpen("");
    onChange(next);
  };
  return html`<div class="filters">
    <${Chips} conditions=${conditions} filter=${filter} onChange=${apply}>
      <${Toggle} part="form" shown=${shown} onClick=${toggle}><${Icon} name="plus" />${say("sessions.filter.add")}<//>
      <${Toggle} part="text" shown=${shown} onClick=${toggle}>${say("sessions.filter.as_text")}<//>
    <//>
    ${shown === "form" && html`<${FilterForm} id="filter-form" isEnded=${isEnded} rows=${rows} onAdd=${(text) => apply(added(filter, text))} />`}
    ${shown === "text" && html`<${AsText} id="filter-text" filter=${filter} problem=${isWrong} onApply=${apply} />`}
    <div role="alert">${error && html`<${Problem} error=${error} filter=${filter} />`}</div>
  </div>`;
}

function Toggle({ part, shown, onClick, children }) {
  return html`<button
    type="button"
    class="small"
    aria-expanded=${shown === part}
    aria-controls=${shown === part ? `filter-${part}` : null}
    onClick=${() => onClick(part)}
  >
    ${children}
  </button>`;
}

function Chips({ conditions, filter, onChange, children }) {
  const chips = conditions ?? [{ text: filter, condition: null }];
  const remove = (place) => {
    onChange(conditions ? without(filter, place) : "");
    document.getElementById("filters").focus();
  };
  return html`<ul class="chips" id="filters" tabindex="-1" aria-label=${say("sessions.filter.title")}>
    ${chips.map(({ text, condition }, place) => {
      const words = wordsOf(condition) ?? text;
      return html`<li class="chip" key=${text}>
        ${condition ? html`<bdi>${words}</bdi>` : html`<code>${text}</code>`}
        <button type="button" class="quiet" aria-label=${say("sessions.filter.remove", { words })} onClick=${() => remove(place)}>
          <${Icon} name="cross" />
        </button>
      </li>`;
    })}
    <li class="group">${children}</li>
  </ul>`;
}

/** A condition of `filter_language` in words; null where it is no plain one. */
export function wordsOf(condition) {
  if (!condition) return null;
  const { field, operator, value } = condition;
  return say("sessions.filter.chip", {
    field: say(`sessions.field.${field}`),
    operator: say(`sessions.operator.${operator}`),
    value: valueOf(field, operator, value),
  });
}

function valueOf(field, operator, value) {
  if (operator === "before" || operator === "after") return absolute(Date.parse(value));
  if (field === "flags") return knows(`parts.flag.${value}`) ? say(`parts.flag.${value}`) : value;
  if (field === "ended_reason") return reasonOf(value);
  if (field === "country_code" && operator !== "begins") return say("sessions.filter.country", { name: country(value), code: value });
  return value || say("sessions.filter.empty");
}

function AsText({ id, filter, problem, onApply }) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const apply = (event) => {
    event.preventDefault();
    onApply(text.trim());
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) apply(event);
  };
  return html`<form class="panel" id=${id} onSubmit=${apply}>
    <label class="field">
      <span>${say("sessions.filter.text")} <span class="soft">${say("sessions.filter.text_hint")}</span></span>
      <textarea
        rows="3"
        maxlength="2000"
        spellcheck=${false}
        autocapitalize="none"
        aria-invalid=${problem}
        aria-describedby=${problem ? "filter-problem" : null}
        value=${text}
        onInput=${(event) => setText(event.target.value)}
        onKeyDown=${onKeyDown}
      ></textarea>
    </label>
    <div class="buttons"><button type="submit" class="primary">${say("sessions.filter.apply")}</button></div>
  </form>`;
}

/** What the API says of a filter, at the place that it points at. */
function Problem({ error, filter }) {
  const { message, position, fields } = error.details;
  if (position === undefined) {
    return html`<div class="problem" id="filter-problem">
      <p>${error.message}</p>
      ${fields && html`<p>${say("sessions.filter.helpful", { fields })}</p>`}
    </div>`;
  }
  const { before, at, after } = around(filter, Number(position));
  return html`<div class="problem" id="filter-problem">
    <p>${say("sessions.filter.wrong", { position: Number(position) + 1, message })}</p>
    <code class="pointed">${before}<mark>${at || "␣"}</mark>${after}</code>
  </div>`;
}
