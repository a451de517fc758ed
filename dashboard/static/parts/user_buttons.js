// The buttons of one user: sign out, block or unblock, delete; each asks first.

import { html, useState } from "../vendor/preact.js";
import { may } from "../page.js";
import { say } from "../words/say.js";
import { Block, Delete, SignOut, Unblock } from "./acts.js";
import { Icon } from "./icons.js";
import { nameOf } from "./people.js";

const ACTS = { SignOut, Block, Unblock, Delete };

/** `words`: whether the buttons show words beside their pictures. `onDone(act)` is called after an act. */
export function UserButtons({ user, onDone, words = false }) {
  const [asked, setAsked] = useState("");
  if (!may("revoke")) return null;
  const name = nameOf(user, user.id);
  const button = (act, key, icon, danger = false) => {
    const label = say(key, { name });
    return html`<button
      type="button"
      class=${`small ${danger ? "danger-quiet" : "quiet"}`}
      aria-label=${label}
      title=${label}
      onClick=${() => setAsked(act)}
    >
      <${Icon} name=${icon} />${words && html`<span>${say(`${key}_short`)}</span>`}
    </button>`;
  };
  const Act = ACTS[asked];
  return html`<span class="acts">
    ${button("SignOut", "acts.sign_out_button", "out")}
    ${user.outerward.blocked
      ? button("Unblock", "acts.unblock_button", "allow")
      : button("Block", "acts.block_button", "block")}
    ${button("Delete", "acts.delete_button", "trash", true)}
    ${Act && html`<${Act} user=${user} onDone=${() => onDone(asked)} onClose=${() => setAsked("")} />`}
  </span>`;
}
