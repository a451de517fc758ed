// Tunnels & edges: what is configured, where it can be reached, and how many sessions are there.

import { html } from "../vendor/preact.js";
import { useAsked, useEvery } from "../api/asking.js";
import { curl, outerward } from "../words/commands.js";
import { readOn } from "../api/reading.js";
import { LANG, say } from "../words/say.js";
import { Commands } from "../parts/commands.js";
import { CopyButton } from "../parts/copy.js";
import { Edges } from "../parts/edges.js";
import { Nothing, Unread } from "../parts/table.js";
import { Tunnels as List } from "../parts/tunnels.js";

const REFRESHED_MS = 10_000;
const MOST_ANSWERS = 5;

function byName(one, other) {
  return one.name.localeCompare(other.name, LANG, { numeric: true });
}

async function load(signal) {
  const all = (member) => readOn(`/${member}`, { member, pages: MOST_ANSWERS, signal });
  const [tunnels, edges, endpoints] = await Promise.all([all("tunnels"), all("edges"), all("endpoints")]);
  return {
    tunnels: tunnels.rows.sort(byName),
    edges: edges.rows.sort(byName),
    endpoints: endpoints.rows,
    isCut: [tunnels, edges, endpoints].some(({ next }) => next !== ""),
  };
}

export default function Tunnels() {
  const asked = useAsked(load, []);
  useEvery(REFRESHED_MS, () => asked.isSlow || asked.again());
  return html`<${Shown} asked=${asked} />
    <${Commands} lines=${[
      ...["/tunnels", "/edges", "/endpoints"].map((path) => ({ what: say("tunnels.curl", { path }), text: curl(path) })),
      { what: say("parts.command_line"), text: outerward(["tunnels", "ls"]) },
    ]} />`;
}

function Shown({ asked: { value, error, again } }) {
  if (value === null) return html`<${Unread} error=${error} again=${again} />`;
  const { tunnels, edges, endpoints, isCut } = value;
  if (!tunnels.length) return html`<${NothingYet} />`;
  return html`
    ${isCut && html`<p class="soft">${say("tunnels.cut", { count: tunnels.length })}</p>`}
    <${List} tunnels=${tunnels} endpoints=${endpoints} />
    <${Edges} edges=${edges} tunnels=${tunnels} />`;
}

function NothingYet() {
  const lines = say("tunnels.example");
  return html`<${Nothing} title=${say("tunnels.none")}>
    <p>${say("tunnels.none_means")}</p>
    <div class="example"><pre tabindex="0" aria-label=${say("tunnels.example_name")}>${lines}</pre>
      <${CopyButton} text=${lines} what=${say("tunnels.example_name")} /></div>
    <p>${say("tunnels.then")}</p>
  <//>`;
}
