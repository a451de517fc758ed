// A map of the world with dots; the picture is a file of ours, and nobody else is asked.

import { html } from "../vendor/preact.js";
import { page } from "../page.js";

const KM_PER_DEGREE = 111.32;
const WIDTH = 1000;
const HEIGHT = 500;

/** Where a place is on the map, which is equirectangular. */
export function spotOf({ latitude, longitude }) {
  return { x: ((longitude + 180) / 360) * WIDTH, y: ((90 - latitude) / 180) * HEIGHT };
}

/**
 * `dots`: `{ latitude, longitude, lat_long_radius_km, size }` each; `name` says in words what the map shows.
 * Where `near` is a place, the part of the map around it is shown.
 */
export function World({ dots, name, near }) {
  const box = near ? around(spotOf(near)) : `0 0 ${WIDTH} ${HEIGHT - 60}`;
  const scale = near ? 0.4 : 1;
  return html`<svg class="world" viewBox=${box} role="img" aria-label=${name}>
    <image href=${`${page.files}world.svg`} x="0" y="0" width=${WIDTH} height=${HEIGHT} />
    ${dots.map((dot, place) => {
      const { x, y } = spotOf(dot);
      const radius = ((dot.lat_long_radius_km ?? 0) / KM_PER_DEGREE / 360) * WIDTH;
      return html`<g key=${place}>
        ${radius > 1 && html`<circle class="reach" cx=${x} cy=${y} r=${radius} />`}
        <circle class="dot" cx=${x} cy=${y} r=${(dot.size ?? 4) * scale} />
      </g>`;
    })}
  </svg>`;
}

function around({ x, y }) {
  const [width, height] = [WIDTH * 0.4, HEIGHT * 0.4];
  const left = Math.min(Math.max(x - width / 2, 0), WIDTH - width);
  const top = Math.min(Math.max(y - height / 2, 0), HEIGHT - height);
  return `${left} ${top} ${width} ${height}`;
}
