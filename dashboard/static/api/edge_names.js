// What edges are called, by their ids; asked for once and kept while the page lives.

import { ask, orNull } from "./calls.js";

const names = {};

/** The names of the edges that `sessions` came by; an edge that is no longer configured has none. */
export async function edgeNames(sessions, signal) {
  const ids = new Set(sessions.map(({ edge }) => edge?.id).filter((id) => id && !Object.hasOwn(names, id)));
  await Promise.all(
    [...ids].map(async (id) => {
      const edge = await orNull(ask(`/edges/${id}`, { signal }));
      names[id] = edge?.name ?? "";
    }),
  );
  return names;
}
