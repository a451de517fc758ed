// The few pictures beside words; each says nothing by itself.

import { html } from "../vendor/preact.js";

const PATHS = {
  out: "M9 4H5v16h4M13 8l4 4-4 4M17 12H9",
  block: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M6.5 6.5l11 11",
  allow: "M5 12.5l4.5 4.5L19 7.5",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  pause: "M9 6v12M15 6v12",
  play: "M8 5.5v13l10-6.5z",
  search: "M10.5 5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M15 15l4.5 4.5",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  flag: "M6 20V5h11l-2.5 4L17 13H6",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  columns: "M5 5h14v14H5zM10 5v14M15 5v14",
  plus: "M12 5v14M5 12h14",
  map: "M12 20s6-5.6 6-10a6 6 0 1 0-12 0c0 4.4 6 10 6 10M12 8.5a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}
