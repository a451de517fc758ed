// A page about one thing stays true: it is asked for again at times, and when something happens to it.

import { useEffect, useRef } from "../vendor/preact.js";
import { useEvery } from "./asking.js";
import { follow } from "./stream.js";

const REFRESHED_MS = 5000;
const GATHERED_MS = 300;

/**
 * Calls `refresh()` every five seconds while the page is seen, and `happened()` shortly after events: of `user`
 * where that is set, and of which `isAbout(event)` holds.
 */
export function useFollowed({ user = "", isAbout = () => true }, { refresh, happened }) {
  const latest = useRef(happened);
  latest.current = happened;
  useEvery(REFRESHED_MS, refresh);
  useEffect(() => {
    let timer = 0;
    const act = () => {
      timer = 0;
      latest.current();
    };
    const gather = () => {
      timer ||= setTimeout(act, GATHERED_MS);
    };
    const hear = (event) => (event.type === "gap" || isAbout(event)) && gather();
    // A page that began unseen was read long before it can hear of anything.
    let isBehind = document.hidden;
    const tell = (state) => {
      if (isBehind && state === "live") gather();
      isBehind &&= state !== "live";
    };
    const leave = follow(hear, tell, "", user);
    return () => {
      leave();
      clearTimeout(timer);
    };
  }, []);
}
