// Calls of the admin API: with the cookie that the browser sends and the page's own CSRF value.
//
// Knows no page. What went wrong is thrown as one kind of error; whether the store answers is told to whoever
// wants to know.

import { page } from "../page.js";
import { say } from "../words/say.js";

// The API answers 503 with these where it has no room; the store is not away.
const FULL = ["ERR_OUTERWARD_3005", "ERR_OUTERWARD_3006"];
const PATIENCE_MS = 15_000;

/** What the API refused or could not do: `status` is 0 where it was not reached at all. */
export class ApiError extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** Whether the same call may succeed later by itself. */
  get passes() {
    return this.status === 0 || this.status === 503;
  }
}

/** Tells `down` and `up`: whether the last calls were answered. */
export const health = new EventTarget();
let isDown = false;

/** Takes note of whether the last that was asked of the store was answered. */
export function heard(down) {
  if (down === isDown) return;
  isDown = down;
  health.dispatchEvent(new Event(down ? "down" : "up"));
}

/** The address of `path` with those parameters of `query` that are set. */
export function address(path, query = {}) {
  const set = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return set.length ? `${path}?${new URLSearchParams(set)}` : path;
}

/** The answer's JSON; null where it has none. Throws ApiError; an abort by `signal` as it is. */
export async function ask(path, { method = "GET", query, body, signal } = {}) {
  const response = await send(address(path, query), { method, body, signal });
  return response.status === 204 ? null : whole(response.json(), signal);
}

/** What `asked` answers; null where nothing is there. */
export async function orNull(asked) {
  try {
    return await asked;
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/** The answer as a file. */
export async function file(path, query, signal) {
  const response = await send(address(path, query), { signal, patience_ms: 0 });
  return whole(response.blob(), signal);
}

/** The answer whose body goes on. */
export async function open(path, { query, headers, signal } = {}) {
  return send(address(path, query), { headers, signal, patience_ms: 0 });
}

async function send(url, { method = "GET", body, headers = {}, signal, patience_ms = PATIENCE_MS }) {
  const options = { method, headers: { ...headers, "X-Outerward-CSRF": page.csrf }, credentials: "same-origin" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetched(url, options, signal, patience_ms);
  if (response.ok) {
    heard(false);
    return response;
  }
  const error = await errorOf(response);
  if (error.status === 401) await leave();
  if (!FULL.includes(error.code)) heard(error.passes);
  throw error;
}

async function fetched(url, options, signal, patience_ms) {
  const signals = [signal, patience_ms ? AbortSignal.timeout(patience_ms) : null].filter(Boolean);
  try {
    return await fetch(url, { ...options, signal: signals.length ? AbortSignal.any(signals) : null });
  } catch (error) {
    if (signal?.aborted) throw error;
    heard(true);
    throw new ApiError(0, "", say("parts.unreachable"));
  }
}

/** What `reading` a body gives; one that breaks off is as good as none. */
async function whole(reading, signal) {
  try {
    return await reading;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "", say("parts.unreachable"));
  }
}

async function errorOf(response) {
  try {
    const told = await response.json();
    return new ApiError(response.status, told.error_code, told.msg, told.details);
  } catch {
    return new ApiError(response.status, "", say("parts.unreadable", { status: String(response.status) }));
  }
}

/** Nobody is signed in any more: to the sign-in page, and back from there. What waits for this waits on. */
function leave() {
  const here = location.pathname + location.search;
  location.assign(address("/dashboard/login", { redirect_path: here, over: "1" }));
  return new Promise(() => {});
}

/** Resolves after `ms`; throws where `signal` aborts before. */
export function rest(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal?.addEventListener("abort", end);
  });
}
