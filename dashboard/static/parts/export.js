// A list as a file: CSV as the API writes it, or JSON put together from its pages.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { ask, file } from "../api/calls.js";
import { nextOf } from "../api/reading.js";
import { say } from "../words/say.js";
import { Icon } from "./icons.js";
import { toast } from "./toasts.js";

/** Hands `blob` to the browser as a file called `name`. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function everything(path, query, member, signal) {
  const rows = [];
  let before = "";
  do {
    const answer = await ask(path, { query: { ...query, before_id: before }, signal });
    rows.push(...answer[member]);
    before = nextOf(answer);
  } while (before);
  return new Blob([JSON.stringify({ [member]: rows }, null, 2)], { type: "application/json" });
}

/** Buttons that save the list at `path`; `member` is what its answers call the rows, `name` the file. */
export function Export({ path, query, member, name, formats = ["csv", "json"] }) {
  const [busy, setBusy] = useState("");
  const control = useRef(null);
  useEffect(() => () => control.current?.abort(), []);
  const run = async (format) => {
    if (busy) return;
    setBusy(format);
    control.current = new AbortController();
    const { signal } = control.current;
    try {
      const blob =
        format === "csv"
          ? await file(path, { ...query, format }, signal)
          : await everything(path, query, member, signal);
      save(blob, `${name}.${format}`);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === undefined) throw error;
      toast(say("parts.not_exported", { problem: error.message }));
    } finally {
      setBusy("");
    }
  };
  return html`<span class="group" role="group" aria-label=${say("parts.export")}>
    ${formats.map(
      (format) => html`<button
        type="button"
        class="small"
        aria-busy=${busy === format}
        aria-label=${say("parts.export_as", { format: format.toUpperCase() })}
        onClick=${() => run(format)}
        key=${format}
      >
        <${Icon} name="download" /><span>${format.toUpperCase()}</span>
      </button>`,
    )}
  </span>`;
}
