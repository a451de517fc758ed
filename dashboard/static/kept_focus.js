// The focus is not lost with what it was in.

import { useEffect, useRef } from "./vendor/preact.js";

/**
 * Whenever `state` changes and the focus went with what is gone, it goes to the element of `place`, a ref; not when
 * it becomes known, undefined before: nothing that had the focus is gone then.
 */
export function useKeptFocus(place, state) {
  const before = useRef(state);
  useEffect(() => {
    if (before.current === state) return;
    const wasKnown = before.current !== undefined;
    before.current = state;
    if (wasKnown && document.activeElement === document.body) place.current?.focus();
  }, [state]);
}
