// A form for one condition: a field, what is asked of it, and a value.

import { html, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked } from "../api/asking.js";
import { isKnown } from "../words/access.js";
import { ENDED_FIELDS, FIELDS, OPERATORS, UNITS, written } from "../words/filter_language.js";
import { rfc3339 } from "../words/instant.js";
import { country, say } from "../words/say.js";
import { reasonOf } from "./ending.js";

const FLAGS = ["new_device", "new_country"];
const REASONS = [
  "expired", "idle", "logout", "revoked", "user_deleted", "blocked", "back_channel", "front_channel", "saml_logout",
  "replaced", "session_limit", "pin", "refresh_refused",
];
const NAMED = {
  tunnel: { path: "/tunnels", names: ({ tunnels }) => tunnels.map(({ name }) => name) },
  edge: { path: "/edges", names: ({ edges }) => edges.map(({ name }) => name) },
  identity_provider: { path: "/app/users", names: ({ application_users: users }) => users.map((user) => user.identity_provider.name) },
};
const OF_ROW = {
  country_code: ({ browser_session }) => browser_session.location?.country_code,
  ip_address: ({ browser_session }) => browser_session.ip_address,
  browser_name: ({ browser_session }) => browser_session.user_agent.browser_name,
  os_name: ({ browser_session }) => browser_session.user_agent.os_name,
  device_type: ({ browser_session }) => browser_session.user_agent.device_type,
};

/** Calls `onAdd(text)` with a condition in the API's language; `rows` are sessions whose values are proposed. */
export function FilterForm({ id, isEnded, rows, onAdd }) {
  const fields = isEnded ? { ...FIELDS, ...ENDED_FIELDS } : FIELDS;
  const [draft, setDraft] = useState(() => draftOf("tunnel", fields));
  const set = (some) => setDraft((now) => ({ ...now, ...some }));
  const submit = (event) => {
    event.preventDefault();
    onAdd(written(conditionOf(draft), Date.now()));
  };
  return html`<form class="panel filter-form" id=${id} onSubmit=${submit}>
    <${Choice} title=${say("sessions.filter.field")} value=${draft.field} options=${Object.keys(fields)}
      said=${(field) => say(`sessions.field.${field}`)} onPick=${(field) => setDraft(draftOf(field, fields))} />
    <${Choice} title=${say("sessions.filter.operator")} value=${draft.operator} options=${OPERATORS[fields[draft.field]]}
      said=${(operator) => say(`sessions.operator.${operator}`)} onPick=${(operator) => set({ operator })} />
    <${Value} draft=${draft} set=${set} rows=${rows} key=${draft.field} />
    <button type="submit" class="primary">${say("sessions.filter.do_add")}</button>
  </form>`;
}

function draftOf(field, fields) {
  const value = { flags: FLAGS[0], ended_reason: REASONS[0] }[field] ?? "";
  return { field, operator: OPERATORS[fields[field]][0], value, amount: "1", unit: "hours", at: "" };
}

function conditionOf({ field, operator, value, amount, unit, at }) {
  if (operator === "older" || operator === "newer") return { field, operator, value: { amount: Number(amount), unit } };
  if (operator === "before" || operator === "after") return { field, operator, value: rfc3339(new Date(at).getTime()) };
  return { field, operator, value: field === "country_code" ? value.trim().toUpperCase() : value.trim() };
}

function Choice({ title, value, options, said, onPick }) {
  return html`<label class="field">
    <span>${title}</span>
    <select value=${value} onChange=${(event) => onPick(event.target.value)}>
      ${options.map((option) => html`<option value=${option} selected=${option === value} key=${option}>${said(option)}</option>`)}
    </select>
  </label>`;
}

function Value({ draft, set, rows }) {
  const { field, operator, value } = draft;
  const title = say("sessions.filter.value");
  if (field === "flags") {
    return html`<${Choice} title=${title} value=${value} options=${FLAGS} said=${(flag) => say(`parts.flag.${flag}`)} onPick=${(picked) => set({ value: picked })} />`;
  }
  if (field === "ended_reason") {
    return html`<${Choice} title=${title} value=${value} options=${REASONS} said=${reasonOf} onPick=${(picked) => set({ value: picked })} />`;
  }
  if (operator === "older" || operator === "newer") return html`<${Ago} draft=${draft} set=${set} />`;
  if (operator === "before" || operator === "after") {
    return html`<label class="field"><span>${title}</span>
      <input type="datetime-local" step="1" required value=${draft.at} onInput=${(event) => set({ at: event.target.value })} /></label>`;
  }
  return html`<${Word} title=${title} draft=${draft} set=${set} rows=${rows} />`;
}

function Ago({ draft, set }) {
  return html`<label class="field short">
      <span>${say("sessions.filter.amount")}</span>
      <input type="number" min="1" max="10000" step="1" required value=${draft.amount} onInput=${(event) => set({ amount: event.target.value })} />
    </label>
    <${Choice} title=${say("sessions.filter.unit")} value=${draft.unit} options=${UNITS}
      said=${(unit) => say(`sessions.unit.${unit}`)} onPick=${(unit) => set({ unit })} />`;
}

function Word({ title, draft, set, rows }) {
  const { field, operator, value } = draft;
  const named = useAsked(async (signal) => (NAMED[field] ? ask(NAMED[field].path, { signal }) : null), [field]);
  const choices = proposed(field, rows, named.value);
  return html`<label class="field">
      <span>${title}</span>
      <input
        type="text"
        required
        maxlength="200"
        autocomplete="off"
        autocapitalize="none"
        spellcheck=${false}
        list="filter-values"
        placeholder=${operator === "within" ? "192.0.2.0/24" : ""}
        value=${value}
        onInput=${(event) => set({ value: event.target.value })}
      />
    </label>
    <datalist id="filter-values">
      ${choices.map((choice) => html`<option value=${choice} key=${choice}>${field === "country_code" ? country(choice) : choice}</option>`)}
    </datalist>`;
}

function proposed(field, rows, answer) {
  const values = NAMED[field] ? (answer ? NAMED[field].names(answer) : []) : rows.map(OF_ROW[field] ?? (() => ""));
  return [...new Set(values)].filter(isKnown).sort();
}
