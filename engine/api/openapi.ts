import { CASE_KEYS_MAX, CASE_KEYS_PATH, CaseKeyAnswers, CaseKeyItem } from "../../protocol/http/case-keys.ts";
import {
  BATCH_SET_MAX,
  BATCH_SET_MAX_BYTES,
  BATCHES_PATH,
  BATCHES_TYPE,
  BatchSetAnswer,
  REVOCATIONS_PATH,
  REVOCATIONS_TYPE,
  SITE_KEYS_PATH,
  SITE_KEYS_TYPE,
} from "../../protocol/http/engine-api.ts";
import { FACILITIES_PATH } from "../../protocol/http/facilities.ts";
import { PUBLISHED_PATH, PUBLISHED_TYPE } from "../../protocol/publish/published-file.ts";
import { PROBLEM_TYPE } from "../../runtime/http/problem.ts";
import { GET_FACILITIES } from "./facilities.ts";

const PROBLEM = {
  type: "object",
  required: ["type", "status", "code", "title"],
  properties: {
    type: { type: "string" },
    status: { type: "integer" },
    code: { type: "string", description: "Stable; hardware/docs/errors.md lists those in capitals" },
    title: { type: "string" },
    detail: { type: "string" },
    held: { type: "string", description: "base64url; with `revocations_behind` the signed list that the engine holds" },
  },
} as const;

function problem(description: string): object {
  return { description, content: { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } } };
}

const HEALTH = { "200": { description: "Yes" }, "503": problem("No") } as const;

const UPLOAD_KEYS = {
  summary: "Hands in keys of a case's own phone or token, with the one-time code that an officer gave",
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: {
          type: "object",
          required: ["code", "items"],
          properties: {
            code: {
              type: "string",
              description: "As the officer gave it; good once, and again for the very same items",
            },
            items: {
              type: "array",
              minItems: 1,
              maxItems: CASE_KEYS_MAX,
              items: { $ref: "#/components/schemas/CaseKeyItem" },
            },
          },
        },
      },
    },
  },
  responses: {
    "200": {
      description: "One answer an item, in order; a bad item never costs the others, nor the code",
      content: { "application/json": { schema: { $ref: "#/components/schemas/CaseKeyAnswers" } } },
    },
    "400": problem("The body is not an upload"),
    "403": problem("The code is unknown, expired or used: which of them is not said"),
    "429": problem("Too many wrong codes from there"),
  },
} as const;

const LIST_PUBLISHED = {
  summary: "Lists the signed files that phones match for themselves: one an hour, numbered",
  responses: {
    "200": {
      description: "The files that are kept, in order",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["files"],
            properties: {
              files: {
                type: "array",
                items: {
                  type: "object",
                  required: ["number", "hour"],
                  properties: {
                    number: { type: "integer" },
                    hour: { type: "integer", description: "Hours since 1970" },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

const GET_PUBLISHED = {
  summary: "One published file; it never changes",
  parameters: [{ name: "number", in: "path", required: true, schema: { type: "integer", minimum: 1 } }],
  responses: {
    "200": {
      description: "COSE_Sign1, as protocol/FORMATS.md says under Published file",
      content: { [PUBLISHED_TYPE]: { schema: { type: "string", format: "binary" } } },
    },
    "404": problem("No such file is kept"),
  },
} as const;

const REVOCATIONS = {
  post: {
    summary: "Takes a site's revocation list, signed by its gateway; sending it again is safe",
    requestBody: {
      required: true,
      content: { [REVOCATIONS_TYPE]: { schema: { type: "string", format: "binary" } } },
    },
    responses: {
      "204": { description: "The engine holds this list" },
      "403": problem("The list is not to be believed"),
      "409": problem("The engine holds a list that this one does not go on from, and goes on holding it: see `held`"),
    },
  },
} as const;

const GET_REVOCATIONS = {
  summary: "Which kiosks of a site the authority wants revoked",
  parameters: [{ name: "site", in: "path", required: true, schema: { type: "string" } }],
  responses: {
    "200": {
      description: "COSE_Sign1 by the receipt key, as protocol/FORMATS.md says under Revocation list",
      content: { [REVOCATIONS_TYPE]: { schema: { type: "string", format: "binary" } } },
    },
    "204": { description: "None" },
  },
} as const;

const SITE_KEYS = {
  post: {
    summary: "Answers a kiosk that asks, through its gateway, for the key which the doors of its site share",
    requestBody: {
      required: true,
      content: { [SITE_KEYS_TYPE]: { schema: { type: "string", format: "binary" } } },
    },
    responses: {
      "200": {
        description: "COSE_Sign1 by the receipt key, sealed to the kiosk, as protocol/FORMATS.md says under Site key",
        content: { [SITE_KEYS_TYPE]: { schema: { type: "string", format: "binary" } } },
      },
      "403": problem("Who asks is no kiosk of this authority, or was revoked"),
    },
  },
} as const;

/** Describes the engine's HTTP API: OpenAPI 3.1, from the schemas that the server itself uses. */
export function openApiDocument(): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Bluepost engine",
      version: "1",
      description:
        "Takes the batches of sites and the keys of cases in, and publishes what phones match for themselves and how places are.",
    },
    paths: {
      [REVOCATIONS_PATH]: REVOCATIONS,
      [`${REVOCATIONS_PATH}/{site}`]: { get: GET_REVOCATIONS },
      [SITE_KEYS_PATH]: SITE_KEYS,
      [BATCHES_PATH]: {
        post: {
          summary: "Stores signed batches; sending them again is safe",
          requestBody: {
            required: true,
            content: {
              [BATCHES_TYPE]: {
                schema: {
                  type: "string",
                  format: "binary",
                  description: `CBOR array of at most ${BATCH_SET_MAX} byte strings, each a COSE_Sign1 batch; at most ${BATCH_SET_MAX_BYTES} bytes`,
                },
              },
            },
          },
          responses: {
            "200": {
              description: "One answer a batch, in order",
              content: { "application/json": { schema: { $ref: "#/components/schemas/BatchSetAnswer" } } },
            },
            "400": problem("The body is not a set of batches"),
            "413": problem("The body is too long"),
            "415": problem("The body is of another media type"),
            "503": problem("Busy, or the store failed: send again later"),
          },
        },
      },
      [CASE_KEYS_PATH]: { post: UPLOAD_KEYS },
      [PUBLISHED_PATH]: { get: LIST_PUBLISHED },
      [`${PUBLISHED_PATH}/{number}`]: { get: GET_PUBLISHED },
      [FACILITIES_PATH]: { get: GET_FACILITIES },
      "/healthz": { get: { summary: "Whether the process lives", responses: HEALTH } },
      "/readyz": { get: { summary: "Whether the store takes writes", responses: HEALTH } },
      "/openapi.json": { get: { summary: "This document", responses: { "200": { description: "OpenAPI 3.1" } } } },
    },
    components: { schemas: { Problem: PROBLEM, BatchSetAnswer, CaseKeyItem, CaseKeyAnswers } },
  };
}
