// Where sessions are, put together: one dot for those that are close to each other, one row for each country.

const MOST_RADIUS = 24;
const LEAST_RADIUS = 6;

/** Dots for the map: `{ latitude, longitude, count, size }`; a place is a degree wide, and the largest is last. */
export function dotsOf(sessions) {
  const places = new Map();
  for (const { browser_session: { location } } of sessions) {
    if (location?.latitude == null || location?.longitude == null) continue;
    const key = `${Math.round(location.latitude)} ${Math.round(location.longitude)}`;
    const place = places.get(key) ?? { latitude: location.latitude, longitude: location.longitude, count: 0 };
    places.set(key, { ...place, count: place.count + 1 });
  }
  const dots = [...places.values()].sort((one, other) => one.count - other.count);
  // The area, not the radius, says how many.
  return dots.map((dot) => ({ ...dot, size: Math.min(LEAST_RADIUS * Math.sqrt(dot.count), MOST_RADIUS) }));
}

/** `{ code, count }` of each country, the most first; the code is "" where it is not known. */
export function countriesOf(sessions) {
  const counts = new Map();
  for (const { browser_session: { location } } of sessions) {
    const code = location?.country_code ?? "";
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const rows = [...counts].map(([code, count]) => ({ code, count }));
  return rows.sort((one, other) => other.count - one.count || one.code.localeCompare(other.code));
}
