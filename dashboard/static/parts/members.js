// What is known of one thing, each beside its name.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";

export function Unknown() {
  return html`<span class="none">${say("parts.unknown")}</span>`;
}

/** `rows`: a name and what is shown beside it, each, in words `said(name)`; what is empty is not known. */
export function Members({ rows, said }) {
  return html`<dl class="members">
    ${rows.map(([name, shown]) => html`<dt key=${name}>${said(name)}</dt><dd>${shown || html`<${Unknown} />`}</dd>`)}
  </dl>`;
}
