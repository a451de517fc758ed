// From page to page of a list: older, and back again. The API's positions only lead on, so the way is kept.

import { html, useCallback, useEffect, useState } from "../vendor/preact.js";
import { say } from "../words/say.js";

/** The position to read from ("" is the newest), and how to move; `reset` begins anew. */
export function usePages() {
  const [way, setWay] = useState([""]);
  const older = useCallback((before) => setWay((now) => [...now, before]), []);
  const newer = useCallback(() => setWay((now) => (now.length > 1 ? now.slice(0, -1) : now)), []);
  const reset = useCallback(() => setWay((now) => (now.length > 1 ? [""] : now)), []);
  return { before: way.at(-1), depth: way.length - 1, older, newer, reset };
}

/** Goes back where the `rows` of a page behind the first are all gone; null where they are not read yet. */
export function useBack(pages, rows) {
  useEffect(() => {
    if (rows?.length === 0 && pages.depth) pages.newer();
  }, [rows]);
}

export function Pager({ pages, next, name }) {
  if (!pages.depth && !next) return null;
  return html`<nav class="pager" aria-label=${say("parts.pages_of", { name })}>
    <button type="button" disabled=${!pages.depth} onClick=${pages.newer}>${say("parts.newer")}</button>
    <span>${say("parts.page", { number: pages.depth + 1 })}</span>
    <button type="button" disabled=${!next} onClick=${() => pages.older(next)}>${say("parts.older")}</button>
  </nav>`;
}
