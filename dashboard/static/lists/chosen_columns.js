// Which columns an administrator wants to see, kept in this browser.

import { useState } from "../vendor/preact.js";

const DEFAULTS = {
  active: ["tunnel", "ip_address", "country_code", "browser_name", "last_active", "flags"],
  ended: ["tunnel", "ip_address", "country_code"],
};

/** The ids of the columns of the list `kind`, "active" or "ended", and a function that shows or hides one. */
export function useChosenColumns(kind) {
  const [chosen, setChosen] = useState(() => read(kind));
  const toggle = (id) => {
    const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id];
    write(kind, next);
    setChosen(next);
  };
  return [chosen, toggle];
}

function placeOf(kind) {
  return `outerward.sessions.columns.${kind}`;
}

function read(kind) {
  try {
    const kept = JSON.parse(localStorage.getItem(placeOf(kind)));
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : DEFAULTS[kind];
  } catch {
    return DEFAULTS[kind];
  }
}

/** A browser that keeps nothing shows what was chosen as long as the page is there. */
function write(kind, chosen) {
  try {
    localStorage.setItem(placeOf(kind), JSON.stringify(chosen));
  } catch {
    return;
  }
}
