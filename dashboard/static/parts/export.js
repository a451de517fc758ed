// A list as a file: CSV as the API writes it, or JSON put together from its pages.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { file } from "../api/calls.js";
import { readOn } from "../api/reading.js";
import { say } from "../words/say.js";
import { Icon } from "./icons.js";
import { toast } from "./toasts.js";

/** Hands `blob` to the browser as a file called `name`. */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function everything(path, query, member, signal) {
  const { rows } = await readOn(path, { query, member, pages: Infinity, signal });
  return new Blob([JSON.stringify({ [member]: rows }, null, 2)], { type: "application/json" });
}

/**
 * What is being saved ("" nothing is), and a function that saves: `save(what, name, read)` hands what `read(signal)`
 * gives to the browser as a file called `name`, one file at a time, and tells where that cannot be had.
 */
export function useSaving() {
  const [busy, setBusy] = useState("");
  const control = useRef(null);
  useEffect(() => () => control.current?.abort(), []);
  const run = async (what, name, read) => {
    if (busy) return;
    setBusy(what);
    control.current = new AbortController();
    const { signal } = control.current;
    try {
      save(await read(signal), name);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === undefined) throw error;
      toast(say("parts.not_exported", { problem: error.message }));
    } finally {
      setBusy("");
    }
  };
  return [busy, run];
}

/** Buttons that save the list at `path`; `member` is what its answers call the rows, `name` the file. */
export function Export({ path, query, member, name, formats = ["csv", "json"] }) {
  const [busy, run] = useSaving();
  const read = (format, signal) =>
    format === "csv" ? file(path, { ...query, format }, signal) : everything(path, query, member, signal);
  return html`<span class="group" role="group" aria-label=${say("parts.export")}>
    ${formats.map(
      (format) => html`<button
        type="button"
        class="small"
        aria-busy=${busy === format}
        aria-label=${say("parts.export_as", { format: format.toUpperCase() })}
        onClick=${() => run(format, `${name}.${format}`, (signal) => read(format, signal))}
        key=${format}
      >
        <${Icon} name="download" /><span>${format.toUpperCase()}</span>
      </button>`,
    )}
  </span>`;
}
