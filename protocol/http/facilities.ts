/** Where everybody may read how the places are that check themselves: `GET`, GeoJSON (RFC 7946). */
export const FACILITIES_PATH = "/v1/facilities";
export const FACILITIES_TYPE = "application/geo+json";
