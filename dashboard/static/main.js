// Where every page begins: the module of the page that this document is, rendered into it.

import { html, render } from "./vendor/preact.js";
import { page } from "./page.js";
import { Banner } from "./parts/banner.js";
import { Toasts } from "./parts/toasts.js";

const { default: Page } = await import(`./pages/${page.name}.js`);
const place = document.getElementById("app");
place.replaceChildren();
render(html`<${Banner} />`, document.getElementById("banner"));
render(html`<${Toasts} />`, document.getElementById("toasts"));
render(html`<${Page} />`, place);
