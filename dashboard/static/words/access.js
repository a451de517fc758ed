// What is said of an access, and which of them a page shows: texts and lists, out of what the API answers.
//
// Pure: knows neither the page nor the catalogue. What is not known is null, and whoever shows it has a word for that.

const MAP = "https://www.openstreetmap.org/";
const ZOOMS = [
  [5, 12],
  [25, 10],
  [100, 8],
  [500, 6],
];

/** Whether `text` names something: what was not recognised is told as "Other". */
export function isKnown(text) {
  return Boolean(text) && text !== "Other";
}

/** A family with its version, as `Firefox 133.0`; null where the family is not known. */
export function versioned(family, version) {
  if (!isKnown(family)) return null;
  return version ? `${family} ${version}` : family;
}

/** The first part of a version, which is all that a row has room for. */
export function majorOf(version) {
  return version.split(".")[0];
}

/** What is known of a machine: its kind and its system, in this order. */
export function machineOf({ device_type: kind, os_name: system, os_version: version }) {
  return [isKnown(kind) ? kind : null, versioned(system, version)].filter(Boolean);
}

/** The address of a map that shows a place, as near as the place is exact; null where it has no coordinates. */
export function mapAddress(location) {
  if (location?.latitude == null || location.longitude == null) return null;
  const [at, across] = [Number(location.latitude), Number(location.longitude)];
  const [, zoom] = ZOOMS.find(([radius]) => (location.lat_long_radius_km ?? 25) <= radius) ?? [0, 4];
  return `${MAP}?mlat=${at}&mlon=${across}#map=${zoom}/${at}/${across}`;
}

/** `text` where it is an address that a browser may be led to; null where it is anything else. */
export function webAddress(text) {
  if (!URL.canParse(text)) return null;
  return ["http:", "https:"].includes(new URL(text).protocol) ? text : null;
}

/**
 * The sessions as entries of a list, `{ session, title }` each: by what they are called, the newest first within.
 *
 * `edges` are the names of edges by their ids: a session at a route is called by its edge, any other by its
 * tunnel. The order does not depend on activity, so that nothing moves while somebody reads.
 */
export function entriesOf(sessions, edges) {
  const entries = sessions.map((session) => ({
    session,
    title: (session.edge && edges[session.edge.id]) || session.outerward.tunnel,
  }));
  return entries.sort(
    (one, other) => compare(one.title, other.title) || compare(other.session.id, one.session.id),
  );
}

function compare(one, other) {
  return one < other ? -1 : Number(one > other);
}

/** Whether an event tells of this session. */
export function isOfSession(event, id) {
  return event.object.id === id || event.sessions.includes(id);
}

/** Whether `typed` is `text`, whatever blanks and composition of letters it was typed with; nothing is no text. */
export function isSameText(typed, text) {
  return plain(typed) !== "" && plain(typed) === plain(text);
}

function plain(text) {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}
