// A text that can be taken along: its beginning, or all of it, and a button that copies it.

import { html } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { Icon } from "./icons.js";
import { toast } from "./toasts.js";

/** A button that copies `text`; `what` is what people call it. */
export function CopyButton({ text, what }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(say("parts.copied", { what }));
    } catch {
      toast(say("parts.not_copied", { what }));
    }
  };
  const name = say("parts.copy", { what });
  return html`<button type="button" class="small quiet" aria-label=${name} title=${name} onClick=${copy}>
    <${Icon} name="copy" />
  </button>`;
}

/** An id: short in a row, whole on demand, and to copy; `href` makes it a link. */
export function Id({ id, what, href, whole = false }) {
  const [prefix, rest] = [id.slice(0, id.indexOf("_") + 1), id.slice(id.indexOf("_") + 1)];
  const text = whole ? id : `${prefix}…${rest.slice(-6)}`;
  return html`<span class="id">
    ${href ? html`<a href=${href} title=${id}>${text}</a>` : html`<span title=${id}>${text}</span>`}
    <${CopyButton} text=${id} what=${what} />
  </span>`;
}
