// What stands over a page as long as the store does not answer.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { health, heard } from "../api/calls.js";
import { useEvery } from "../api/asking.js";
import { askReadiness } from "../api/readiness.js";
import { say } from "../words/say.js";

const LOOKED_MS = 5000;

/** Looks by itself: a page may have nothing to ask for a while. What calls have told stands until that changes. */
function useReadiness() {
  const wasDown = useRef(false);
  useEvery(LOOKED_MS, async () => {
    const { missing } = await askReadiness(new AbortController().signal);
    const isDown = missing === null || "store" in missing;
    if (isDown !== wasDown.current) heard(isDown);
    wasDown.current = isDown;
  });
}

/** Whether the store does not answer, as far as calls have told since the caller was there. */
export function useIsStoreDown() {
  const [isDown, setDown] = useState(false);
  useEffect(() => {
    const down = () => setDown(true);
    const up = () => setDown(false);
    health.addEventListener("down", down);
    health.addEventListener("up", up);
    return () => {
      health.removeEventListener("down", down);
      health.removeEventListener("up", up);
    };
  }, []);
  return isDown;
}

export function Banner() {
  useReadiness();
  const isDown = useIsStoreDown();
  return html`<div role="alert">
    ${isDown && html`<p class="banner"><strong>${say("parts.store_down")}</strong> ${say("parts.store_down_means")}</p>`}
  </div>`;
}
