// A time: relative to now, with the whole of it beside or behind.

import { createContext, html, useContext, useState } from "../vendor/preact.js";
import { useEvery } from "../api/asking.js";
import { say } from "../words/say.js";
import { absolute, relative, zoneAt } from "../words/time.js";

const TICK_MS = 10_000;
const Now = createContext(0);

/** What all times within are relative to; one clock for a whole page. */
export function Clock({ children }) {
  const [now, setNow] = useState(Date.now);
  useEvery(TICK_MS, () => setNow(Date.now()));
  return html`<${Now.Provider} value=${now}>${children}<//>`;
}

/** The time `at`, an RFC 3339 text, or a dash where there is none; `whole` writes all of it out. */
export function Moment({ at, whole = false }) {
  const tick = useContext(Now);
  if (!at) return html`<span class="none">${say("parts.none")}</span>`;
  const ms = Date.parse(at);
  // What has come since the last tick is not ahead of us.
  const now = ms > tick && ms <= Date.now() ? ms : tick;
  const words = relative(ms, Math.max(now, 1));
  const full = `${absolute(ms)} ${zoneAt(ms)}`;
  return whole
    ? html`<time datetime=${at}>${full} <span class="soft">(${words})</span></time>`
    : html`<time datetime=${at} title=${full}>${words}</time>`;
}
