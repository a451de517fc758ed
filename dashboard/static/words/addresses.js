// Where the pages about one thing are; whatever an id holds, it stays one part of the path.

export function userPage(id) {
  return `/dashboard/users/${encodeURIComponent(id)}`;
}

export function sessionPage(id) {
  return `/dashboard/sessions/${encodeURIComponent(id)}`;
}
