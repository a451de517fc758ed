// A table: columns of rows, which become cards where the page is narrow, and which can be gone through by the
// arrow keys.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { say } from "../words/say.js";

const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled])";

/** Up and down lead to the same control of the next row, Home and End to the first and last row's. */
function move(event) {
  const row = event.target.closest("tbody tr");
  if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
  const rows = [...row.parentElement.children];
  const place = rows.indexOf(row);
  const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1 }[event.key];
  const target = rows[next];
  if (!target || (event.target.type === "text" && event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  const controls = [...row.querySelectorAll(FOCUSABLE)];
  const others = [...target.querySelectorAll(FOCUSABLE)];
  const control = others[Math.min(controls.indexOf(event.target), others.length - 1)];
  control?.focus();
  control?.scrollIntoView({ block: "nearest" });
}

/** Whether what is in `place` does not fit, so that it is scrolled: by keyboard too, which needs a focus. */
function useScrolled(place) {
  const [isScrolled, setScrolled] = useState(false);
  useEffect(() => {
    const box = place.current;
    const measure = () => setScrolled(box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    const sizes = new ResizeObserver(measure);
    sizes.observe(box);
    sizes.observe(box.firstElementChild);
    return () => sizes.disconnect();
  }, []);
  return isScrolled;
}

/**
 * A table called `name`.
 *
 * `columns`: `{ id, title, cell(row), kind }` each, with kind "number", "actions", "pick" or none; where the
 * title is for screen readers alone, `hidesTitle`. `keyOf(row)`; `look(row)` is a row's class. `more` are
 * listeners for the rows.
 */
export function Table({ name, columns, rows, keyOf, look = () => "", more = {} }) {
  const box = useRef(null);
  const reached = useScrolled(box) ? { tabindex: "0", role: "group", "aria-label": name } : {};
  return html`<div class="table" ref=${box} ...${reached}>
    <table role="table" aria-label=${name} onKeyDown=${move}>
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(
            ({ id, title, kind, hidesTitle, head }) => html`<th role="columnheader" scope="col" class=${kind} key=${id}>
              ${head ?? (hidesTitle ? html`<span class="unseen">${title}</span>` : title)}
            </th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup" ...${more}>
        ${rows.map(
          (row) => html`<tr role="row" class=${look(row)} key=${keyOf(row)}>
            ${columns.map(
              ({ id, title, kind, cell }) => html`<td role="cell" class=${kind} data-title=${title} key=${id}>
                ${cell(row)}
              </td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** What stands in place of a table without rows; `children` say what to do next. */
export function Nothing({ title, children }) {
  return html`<div class="nothing"><h2>${title}</h2>${children}</div>`;
}

/** What stands where a list could not be had at all. */
export function Failed({ error, again }) {
  return html`<div class="nothing" role="alert">
    <h2>${say("parts.failed")}</h2>
    <p>${error.message}</p>
    ${error.details.operation_id && html`<p class="soft">${say("parts.operation", { id: error.details.operation_id })}</p>`}
    <button type="button" onClick=${again}>${say("parts.try_again")}</button>
  </div>`;
}

/** What stands where nothing has been read yet: why not, or that it is waited for; of `useAsked`. */
export function Unread({ error, again }) {
  return error && !error.passes ? html`<${Failed} error=${error} again=${again} />` : html`<${Loading} />`;
}

/** What stands where an answer is waited for noticeably. */
export function Loading() {
  return html`<p class="loading" role="status">${say("parts.loading")}</p>`;
}
