// Times: relative and absolute, in the viewer's zone.

import { LANG, say } from "./say.js";

const STEPS = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86_400, "hour", 3600],
  [30 * 86_400, "day", 86_400],
  [365 * 86_400, "month", 30 * 86_400],
  [Infinity, "year", 365 * 86_400],
];

const relativeWords = new Intl.RelativeTimeFormat(LANG, { numeric: "auto", style: "short" });
const wholeWords = new Intl.DateTimeFormat(LANG, { dateStyle: "medium", timeStyle: "medium" });
const zone = new Intl.DateTimeFormat(LANG, { timeZoneName: "short" });

/** How far `at` is from `now` (both Unix ms) in words: "3 min. ago", "in 2 hr.". */
export function relative(at, now) {
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 5) return say("parts.now");
  const [, unit, size] = STEPS.find(([below]) => Math.abs(seconds) < below);
  return relativeWords.format(Math.trunc(seconds / size), unit);
}

/** Date and time in the viewer's zone. */
export function absolute(at) {
  return wholeWords.format(at);
}

/** The short name of the viewer's zone at `at`. */
export function zoneAt(at) {
  return zone.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
}
