import type { ShownFacility } from "./facility-desk.ts";

/** Places as a map wants them: a FeatureCollection, RFC 7946; longitude comes first. A place that is not on the map has no geometry. */
export function geoJsonOf(facilities: readonly ShownFacility[], atMs: number): object {
  return {
    type: "FeatureCollection",
    generatedAt: new Date(atMs).toISOString(),
    features: facilities.map(({ venue, place, full, daily, ...shown }) => ({
      type: "Feature",
      id: venue,
      geometry: place && { type: "Point", coordinates: [place.lon, place.lat] },
      properties: { ...shown, full: checkOf(full), daily: checkOf(daily) },
    })),
  };
}

function checkOf(check: ShownFacility["full"]): object | null {
  if (!check) return null;
  const { atMs, passed, failed, rating } = check;
  return {
    at: new Date(atMs).toISOString(),
    level: rating.level,
    colour: rating.colour,
    text: rating.text,
    passed,
    failed,
  };
}
