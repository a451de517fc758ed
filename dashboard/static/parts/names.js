// What those are called whom events name by id: people and tokens, asked for once and kept while the page lives.
// Who is gone is still named by the sessions that have ended, as long as those are kept.

import { html, useEffect, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { userPage } from "../words/addresses.js";
import { actorOf } from "../words/event_words.js";
import { may } from "../page.js";
import { readOn } from "../api/reading.js";
import { pieces, say } from "../words/say.js";
import { nameOf } from "./people.js";

// A filter has room for so many ids.
const USERS_AT_ONCE = 45;
const GATHERED_MS = 50;
const TOKEN_PAGES = 5;
const ENDED_PAGES = 3;

const users = new Map();
const tokens = new Map();
const known = new EventTarget();
const wanted = new Set();
let isAsking = false;
let hasAskedTokens = false;

function tell() {
  known.dispatchEvent(new Event("known"));
}

/** Keeps the token names that `events` tell, those of tokens that are gone among them. */
export function learn(events) {
  for (const { object, actor, details, type } of events) {
    const { kind, id } = actorOf(actor);
    if (object.kind === "token") tokens.set(object.id, details.name);
    else if (kind === "token" && type.startsWith("dashboard_")) tokens.set(id, details.name);
  }
}

async function askUsers() {
  if (isAsking) return;
  isAsking = true;
  await new Promise((resolve) => setTimeout(resolve, GATHERED_MS));
  while (wanted.size) {
    const ids = [...wanted].slice(0, USERS_AT_ONCE);
    const found = await answered(ids);
    for (const id of ids) {
      wanted.delete(id);
      // "" is nobody's name any more; where there was no answer it is asked for when it is next shown.
      if (found) users.set(id, found.get(id) ?? "");
    }
    tell();
  }
  isAsking = false;
}

async function answered(ids) {
  try {
    const filter = `obj.id in ${JSON.stringify(ids)}`;
    const { application_users: rows } = await ask("/app/users", { query: { filter } });
    const found = new Map(rows.map((user) => [user.id, nameOf(user)]));
    const gone = ids.filter((id) => !found.has(id));
    return gone.length ? new Map([...found, ...(await namesOfGone(gone))]) : found;
  } catch (error) {
    if (error.status === undefined) throw error;
    return null;
  }
}

/** What those were called who are gone: by the newest of the sessions that each has left. */
async function namesOfGone(ids) {
  const query = { state: "ended", filter: `obj.application_user_id in ${JSON.stringify(ids)}` };
  const nameEach = (rows) => new Map(rows.toReversed().map((session) => [session.application_user.id, nameOf(session.outerward.user)]));
  const isEnough = (rows) => nameEach(rows).size === ids.length;
  const { rows } = await readOn("/app/sessions", { query, member: "application_sessions", pages: ENDED_PAGES, isEnough });
  return nameEach(rows);
}

async function askTokens() {
  if (hasAskedTokens || !may("admin")) return;
  hasAskedTokens = true;
  try {
    const { rows } = await readOn("/tokens", { member: "tokens", pages: TOKEN_PAGES });
    for (const { id, name } of rows) tokens.set(id, name);
    tell();
  } catch (error) {
    if (error.status === undefined) throw error;
    hasAskedTokens = false;
  }
}

function useName(names, id, find) {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const hear = () => setTurn((turn) => turn + 1);
    known.addEventListener("known", hear);
    return () => known.removeEventListener("known", hear);
  }, []);
  useEffect(() => {
    if (!names.has(id)) find();
  }, [id]);
  return names.get(id);
}

/**
 * A user by name, which leads to the user's page, also where only what is left of somebody is there; by id, until
 * there is an answer. `begins`: whether a sentence begins with this.
 */
export function CalledUser({ id, begins = false }) {
  const name = useName(users, id, () => {
    wanted.add(id);
    askUsers();
  });
  const called = name === "" ? say(begins ? "events.deleted_user_begins" : "events.deleted_user") : html`<bdi>${name ?? id}</bdi>`;
  return html`<a href=${userPage(id)} title=${id}>${called}</a>`;
}

/** A token by name, where somebody who may see tokens looks or an event has told it. */
export function CalledToken({ id }) {
  const name = useName(tokens, id, askTokens);
  return html`<span title=${id}>${name ? pieces("events.token", { name: html`<bdi>${name}</bdi>` }) : say("events.some_token")}</span>`;
}
