// What the server says of this page: which one it is, who looks at it, and what calls of the API carry.

const facts = document.body.dataset;

/** What somebody may do, each more than the one before. */
export const SCOPES = ["read", "revoke", "admin"];

export const page = Object.freeze({
  name: facts.page,
  id: facts.id ?? "",
  scope: facts.scope,
  actor: facts.actor,
  api: facts.api,
  files: facts.static,
  csrf: document.querySelector('meta[name="csrf"]').content,
});

/** Whether the administrator who looks may do what needs `scope`. */
export function may(scope) {
  return SCOPES.indexOf(page.scope) >= SCOPES.indexOf(scope);
}
