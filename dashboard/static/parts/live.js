// Events as they come, kept waiting while a hand is on the list that they would move.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { arrived, letIn, NONE } from "../lists/arrivals.js";
import { say } from "../words/say.js";
import { follow } from "../api/stream.js";
import { useIsStoreDown } from "./banner.js";
import { Icon } from "./icons.js";

/**
 * Whether a pointer that can rest is within the element `place`, or a hand is on it otherwise: where it matches
 * `held`, which is by the focus. Not where there is no element.
 */
export function isTouched(place, held = ":focus-within") {
  if (!place) return false;
  return (matchMedia("(hover: hover)").matches && place.matches(":hover")) || place.matches(held);
}

/**
 * What has come since the page was opened, of `types` and of `user`: `arrivals` (see ../lists/arrivals.js), `state`
 * ("live" or "waiting"), and `letIn`. `isHeld()` is asked for each event. `onGap()` is called where events may
 * have been missed, and once the stream is first there: what was read before may lack some.
 */
export function useArrivals({ types, user, isHeld, onGap, isOn = true }) {
  const [arrivals, setArrivals] = useState(NONE);
  const [state, setState] = useState("waiting");
  const latest = useRef();
  latest.current = { isHeld, onGap };
  useEffect(() => {
    setArrivals(NONE);
    if (!isOn) return undefined;
    let hasBegun = false;
    const hear = (event) => {
      if (event.type === "gap") latest.current.onGap();
      else setArrivals((now) => arrived(now, event, latest.current.isHeld()));
    };
    const tell = (next) => {
      setState(next);
      if (next === "live" && !hasBegun) latest.current.onGap();
      hasBegun ||= next === "live";
    };
    return follow(hear, tell, types, user);
  }, [types, user, isOn]);
  return { arrivals, state, letIn: () => setArrivals(letIn) };
}

/** Whether a list follows what happens, in words, and a button that stops it and lets it go on. */
export function LiveSwitch({ state, isPaused, onPause }) {
  const isDown = useIsStoreDown();
  const shown = isPaused ? "paused" : isDown ? "waiting" : state;
  return html`<span class="group live" role="group" aria-label=${say("events.live_group")}>
    <span class=${`tag ${shown === "live" ? "good" : "warn"}`} role="status">${say(`events.state.${shown}`)}</span>
    <button type="button" class="small" aria-pressed=${isPaused} onClick=${() => onPause(!isPaused)}>
      <${Icon} name=${isPaused ? "play" : "pause"} /><span>${say("events.pause")}</span>
    </button>
  </span>`;
}
