// Where from and with what a session was used: the members of one access.

import { html } from "../vendor/preact.js";
import { machineOf, mapAddress, versioned, webAddress } from "../words/access.js";
import { country, knows, say } from "../words/say.js";
import { CopyButton } from "./copy.js";
import { Members, Unknown } from "./members.js";
import { accuracyOf, coordinatesOf } from "./people.js";

/** A link that leads out of the dashboard and tells nobody where from. */
export function Outward({ href, children }) {
  return html`<a href=${href} target="_blank" rel="noopener noreferrer">${children}</a>`;
}

/** An address as a link where a browser may be led to it, else as text. */
export function WebAddress({ text }) {
  const href = webAddress(text);
  return href ? html`<${Outward} href=${href}><bdi>${text}</bdi><//>` : html`<bdi>${text}</bdi>`;
}

/** A kind of network in words; "" where it is not known. */
export function networkOf(network) {
  const key = `session.network.${network}`;
  return network && (knows(key) ? say(key) : network);
}

export function browserOf(agent) {
  return versioned(agent.browser_name, agent.browser_version);
}

/** The kind of machine and its system in words; "" where neither is known. */
export function machineWords(agent) {
  return machineOf(agent)
    .map((word) => (knows(`session.kind.${word}`) ? say(`session.kind.${word}`) : word))
    .join(say("session.between"));
}

/** The country in which a place is, by name. */
export function Country({ location }) {
  const code = location?.country_code;
  return code ? html`<span title=${code}>${country(code)}</span>` : html`<${Unknown} />`;
}

function Coordinates({ location }) {
  const text = coordinatesOf(location);
  if (!text) return html`<${Unknown} />`;
  const accuracy = accuracyOf(location);
  return html`<span>${text}</span> ${accuracy && html`<span class="soft">${accuracy}</span>`}
    <${CopyButton} text=${text} what=${say("session.the_coordinates")} />
    <${Outward} href=${mapAddress(location)}>${say("session.open_map")}<//>`;
}

/** What the latest request of a session came with. */
export function AccessMembers({ context }) {
  const { user_agent: agent, ip_address: ip, location } = context;
  const code = location?.country_code;
  const rows = [
    ["ip_address", ip && html`<bdi>${ip}</bdi> <${CopyButton} text=${ip} what=${say("session.the_ip_address")} />`],
    ["device", machineWords(agent)],
    ["browser", browserOf(agent)],
    ["user_agent", agent.raw && html`<code class="raw"><bdi>${agent.raw}</bdi></code>`],
    ["country", code && say("session.country_of", { name: country(code), code })],
    ["coordinates", html`<${Coordinates} location=${location} />`],
  ];
  return html`<${Members} rows=${rows} said=${(name) => say(`session.${name}`)} />`;
}
