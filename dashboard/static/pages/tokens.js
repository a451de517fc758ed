// Tokens: who and what may use the API, and new ones.

import { html, useState } from "../vendor/preact.js";
import { ask } from "../api/calls.js";
import { useAsked, useEvery } from "../api/asking.js";
import { nextOf } from "../api/reading.js";
import { curl, outerward } from "../words/commands.js";
import { say } from "../words/say.js";
import { Commands, terminal } from "../parts/commands.js";
import { Icon } from "../parts/icons.js";
import { Clock } from "../parts/moment.js";
import { Pager, useBack, usePages } from "../parts/pager.js";
import { Loading, Nothing, Unread } from "../parts/table.js";
import { CreateToken, TokenMade } from "../parts/token_create.js";
import { TokenTable } from "../parts/token_table.js";

const LIST = "/tokens";
const REFRESHED_MS = 10_000;

export default function Tokens() {
  const pages = usePages();
  const [isCreating, setCreating] = useState(false);
  const [made, setMade] = useState(null);
  const list = useAsked((signal) => ask(LIST, { query: { before_id: pages.before }, signal }), [pages.before]);
  useEvery(REFRESHED_MS, () => list.isSlow || list.again());
  useBack(pages, list.value?.tokens);
  const created = (token) => {
    setMade(token);
    pages.reset();
    list.again();
  };
  return html`<${Clock}>
    <div class="tools">
      <p class="count">${say("tokens.lead")}</p>
      <button type="button" class="primary" onClick=${() => setCreating(true)}><${Icon} name="plus" /><span>${say("tokens.create")}</span></button>
    </div>
    <${List} list=${list} isFirst=${!pages.depth && list.isCurrent} />
    <${Pager} pages=${pages} next=${nextOf(list.value)} name=${say("tokens.title")} />
    <${Commands} lines=${terminal(curl(LIST), outerward(["tokens", "ls"]))} />
    ${isCreating && html`<${CreateToken} onDone=${created} onClose=${() => setCreating(false)} />`}
    ${made && html`<${TokenMade} token=${made} onClose=${() => setMade(null)} />`}
  <//>`;
}

function List({ list, isFirst }) {
  if (list.value === null) return html`<${Unread} error=${list.error} again=${list.again} />`;
  const { tokens } = list.value;
  if (!tokens.length && !isFirst) return html`<${Loading} />`;
  if (!tokens.length) return html`<${Nothing} title=${say("tokens.none")}><p>${say("tokens.none_means")}</p><//>`;
  return html`<${TokenTable} tokens=${tokens} again=${list.again} />`;
}
