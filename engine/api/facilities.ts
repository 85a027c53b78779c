import type { FastifyInstance } from "fastify";
import { FACILITIES_PATH, FACILITIES_TYPE } from "../../protocol/http/facilities.ts";
import type { FacilityDesk } from "../facilities/facility-desk.ts";

/** Places are public, and so is what they say of themselves: any page may show it, and a cache may keep it for a minute. */
export function addFacilities(app: FastifyInstance, facilities: Pick<FacilityDesk, "geoJson">): void {
  app.get(FACILITIES_PATH, async (_, reply) => {
    reply.header("cache-control", "public, max-age=60").header("access-control-allow-origin", "*");
    return reply.type(FACILITIES_TYPE).send(Buffer.from(JSON.stringify(await facilities.geoJson())));
  });
}

/** The path's entry in the OpenAPI document. */
export const GET_FACILITIES = {
  summary: "Places that check themselves: their colour of now, why, and their last checks",
  responses: {
    "200": {
      description: "GeoJSON FeatureCollection; a place that is not on the map has no geometry",
      content: { [FACILITIES_TYPE]: { schema: { type: "object" } } },
    },
  },
} as const;
