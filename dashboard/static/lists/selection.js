// Which sessions of a page are selected, or that all are which the page's filter finds.

import { useState } from "../vendor/preact.js";

const NONE = Object.freeze({ ids: new Set(), isAll: false });

/** A selection among `rows` of `live_list`; one that has ended is selected no more. */
export function useSelection(rows) {
  const [{ ids, isAll }, set] = useState(NONE);
  const live = rows.filter(({ mark }) => mark !== "over").map(({ session }) => session.id);
  const selected = isAll ? live : live.filter((id) => ids.has(id));
  return {
    selected,
    isAll,
    count: selected.length,
    isPage: live.length > 0 && selected.length === live.length,
    has: (id) => isAll || ids.has(id),
    toggle: (id) => set({ ids: toggled(new Set(selected), id), isAll: false }),
    togglePage: () => set({ ids: new Set(selected.length === live.length ? [] : live), isAll: false }),
    selectAll: () => set({ ids: new Set(live), isAll: true }),
    clear: () => set(NONE),
  };
}

function toggled(ids, id) {
  if (!ids.delete(id)) ids.add(id);
  return ids;
}
