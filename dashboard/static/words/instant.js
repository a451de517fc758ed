// Times as the API takes them.

/** `at` (Unix ms) by RFC 3339: whole seconds, UTC. */
export function rfc3339(at) {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}
