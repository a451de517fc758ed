// What an event says: which sentence of the catalogue tells it, and what else is worth a line.
//
// Knows no catalogue and no elements: it names texts and what fills their slots.

/** Every type that the API tells, as the pages offer them. */
export const TYPES = [
  "login",
  "login_denied",
  "access_changed",
  "new_device",
  "new_country",
  "logout",
  "revoke",
  "end",
  "block",
  "unblock",
  "user_deleted",
  "user_erased",
  "token_created",
  "token_revoked",
  "dashboard_login",
  "dashboard_logout",
];

const BY_PROVIDER = ["back_channel", "front_channel", "saml_logout"];
const DEVICE_PARTS = ["browser_name", "os_name"];

/** Who did it: `{ kind, id }` with kind "user", "token", "provider", "bootstrap", "time" or "other". */
export function actorOf(actor) {
  const [kind, id] = actor.includes(":") ? [actor.slice(0, actor.indexOf(":")), actor.slice(actor.indexOf(":") + 1)] : [actor, ""];
  if (id && (kind === "token" || kind === "provider")) return { kind, id };
  if (actor === "bootstrap" || actor === "time") return { kind: actor, id: "" };
  return { kind: actor.startsWith("edgusr_") ? "user" : "other", id: actor };
}

/**
 * The sentence on `event`: `key` names it in the catalogue behind "events.told.", `count` is the number of
 * sessions. `known` are the types that the catalogue has a sentence for; another is told by its name.
 */
export function sentenceOf(event) {
  const { type, details, sessions } = event;
  const count = Math.max(sessions.length, 1);
  if (!TYPES.includes(type)) return { key: "other", count };
  if (type === "login" && details.place === "dashboard") return { key: "login.dashboard", count };
  if (type === "login_denied") return { key: details.reason === "blocked" ? "login_denied.blocked" : type, count };
  if (type === "logout") return { key: BY_PROVIDER.includes(details.reason) ? "logout.provider" : type, count };
  if (type === "dashboard_login") return { key: ["token", "link"].includes(details.by) ? `${type}.${details.by}` : type, count };
  return { key: type, count };
}

/** What is another since an access changed: "ip", "country" and "device", those of them that are. */
export function changesOf({ changed = "" }) {
  return changed.split(",").filter((what) => ["ip", "country", "device"].includes(what));
}

/** The device of an event, as far as it was told: one text, or browser and system. */
export function deviceIn(details) {
  return details.device ? { text: details.device } : Object.fromEntries(DEVICE_PARTS.map((part) => [part, details[part] ?? ""]));
}

/** Whether `id` is an event's; where it is, what orders it: time in Unix ms, and a number within that. */
export function orderOf(id) {
  const [, ms, number] = /^evt_(\d+)_(\d+)$/.exec(id) ?? [];
  return ms === undefined ? [0, 0] : [Number(ms), Number(number)];
}

/** Sorts events, the newest first. */
export function newestFirst(one, other) {
  const [a, b] = [orderOf(one.id), orderOf(other.id)];
  return b[0] - a[0] || b[1] - a[1];
}
