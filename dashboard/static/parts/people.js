// How people, devices and places are shown; what they call themselves is never trusted to be short or tame.

import { html } from "../vendor/preact.js";
import { isKnown } from "../words/access.js";
import { country, number, say } from "../words/say.js";
import { Icon } from "./icons.js";

/** What a user is called: the first that is known. */
export function nameOf({ name, username, email, provider_user_id: subject }, id = "") {
  return name || username || email || subject || id;
}

/** A name with what else tells who it is under it; `href` makes it a link. */
export function Person({ user, id, href }) {
  const name = nameOf(user, id);
  const second = [user.email, user.username].find((text) => text && text !== name);
  return html`<span class="person">
    ${href ? html`<a href=${href}><bdi>${name}</bdi></a>` : html`<bdi>${name}</bdi>`}
    ${second && html`<bdi class="soft" title=${second}>${second}</bdi>`}
  </span>`;
}

/** Browser and system in a few words. */
export function deviceOf({ browser_name: browser, os_name: system }) {
  const known = [browser, system].filter(isKnown);
  return known.length === 2 ? say("parts.device", { browser, system }) : (known[0] ?? say("parts.unknown_device"));
}

export function Place({ location }) {
  const code = location?.country_code;
  return code ? html`<span title=${code}>${country(code)}</span>` : html`<span class="none">${say("parts.unknown")}</span>`;
}

/** Latitude and longitude as people copy them; "" where they are not known. */
export function coordinatesOf(location) {
  if (location?.latitude == null || location?.longitude == null) return "";
  return `${location.latitude.toFixed(4)}, ${location.longitude.toFixed(4)}`;
}

/** How exact coordinates are, in words. */
export function accuracyOf(location) {
  const radius = location?.lat_long_radius_km;
  return radius == null ? "" : say("parts.accuracy", { radius: number(radius) });
}

/** What a session's accesses were marked with: word and sign, not colour alone. */
export function Flags({ flags, reasons = {} }) {
  return flags.map(
    (flag) => html`<span class="tag warn" key=${flag} title=${reasons[flag] ?? ""}>
      <${Icon} name="flag" />${say(`parts.flag.${flag}`)}
    </span>`,
  );
}
