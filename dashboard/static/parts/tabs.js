// Several lists of one page, of which one is shown; each has an address of its own.

import { html } from "../vendor/preact.js";

/** `tabs`: `{ text, href, isCurrent }` each. */
export function Tabs({ name, tabs }) {
  return html`<nav class="tabs" aria-label=${name}>
    ${tabs.map(({ text, href, isCurrent }) => html`<a href=${href} aria-current=${isCurrent ? "page" : null} key=${href}>${text}</a>`)}
  </nav>`;
}
