import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { toBase64Url } from "../../protocol/bytes.ts";
import { MalformedError } from "../../protocol/errors.ts";
import { CASE_KEYS_PATH, CaseKeyUpload } from "../../protocol/http/case-keys.ts";
import {
  BATCH_SET_MAX_BYTES,
  BATCHES_PATH,
  BATCHES_TYPE,
  type BatchSetAnswer,
  decodeBatchSet,
  REVOCATIONS_PATH,
  REVOCATIONS_TYPE,
  SITE_KEYS_PATH,
  SITE_KEYS_TYPE,
} from "../../protocol/http/engine-api.ts";
import { parseSiteId } from "../../protocol/ids.ts";
import { PUBLISHED_PATH, PUBLISHED_TYPE } from "../../protocol/publish/published-file.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import { faultWithDetails, type Logger } from "../../runtime/log.ts";
import type { SiteKeyDesk } from "../doors/site-key-desk.ts";
import type { FacilityDesk } from "../facilities/facility-desk.ts";
import type { RevocationOrders } from "../ingest/revocation-orders.ts";
import type { RevokedDevices } from "../ingest/revoked-devices.ts";
import type { Publisher } from "../publish/publisher.ts";
import type { RadioDesk } from "../radio/radio-desk.ts";
import { addFacilities } from "./facilities.ts";
import { type EngineTls, requireGateway } from "./gateway-tls.ts";
import { openApiDocument } from "./openapi.ts";

/** What the API needs of the engine. */
export interface ApiParts {
  ingest(batches: readonly Uint8Array[]): Promise<BatchSetAnswer>;
  readonly revoked: Pick<RevokedDevices, "take">;
  readonly orders: Pick<RevocationOrders, "listFor">;
  readonly siteKeys: Pick<SiteKeyDesk, "answer">;
  readonly radio: Pick<RadioDesk, "uploadKeys">;
  readonly publisher: Pick<Publisher, "files" | "file">;
  readonly facilities: Pick<FacilityDesk, "geoJson">;
  /** Serve HTTPS; gateways must then show a certificate. Null: plain HTTP, for loopback or behind a proxy. */
  readonly tls: EngineTls | null;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Resolves when the store takes writes. */
  probe(): Promise<void>;
  /** Hears of faults, with their code and nothing of who asked. */
  readonly log: Logger;
}

/** Builds the engine's HTTP server; the caller listens and closes. Answers that are no 2xx are problem documents (RFC 9457). */
export function buildApi(parts: ApiParts): FastifyInstance {
  const trustProxy = parts.trustedProxies.length > 0 && [...parts.trustedProxies];
  const common = { logger: false, bodyLimit: BATCH_SET_MAX_BYTES, forceCloseConnections: true, trustProxy };
  const app = parts.tls
    ? (Fastify({ ...common, https: { ...parts.tls } }) as unknown as FastifyInstance)
    : Fastify(common);
  const gatewaysOnly = parts.tls ? { onRequest: requireGateway } : {};
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BATCHES_TYPE, { parseAs: "buffer" }, (_, body, done) => done(null, body));
  problemHandler(app, parts.log);
  const document = openApiDocument();
  app.post(BATCHES_PATH, gatewaysOnly, async (request) => parts.ingest(batchesOf(request.body)));
  app.register((scope, _, done) => {
    addCaseKeys(scope, parts.radio); // a scope of its own: only here is JSON a body
    done();
  });
  addRevocations(app, parts, gatewaysOnly);
  addSiteKeys(app, parts.siteKeys, gatewaysOnly);
  addPublished(app, parts.publisher);
  addFacilities(app, parts.facilities);
  app.get("/healthz", async () => ({ ok: true }));
  app.get("/readyz", async (_, reply) => {
    try {
      await parts.probe();
      return { ok: true };
    } catch (fault) {
      parts.log.error("http.not_ready", faultWithDetails(fault));
      return sendProblem(reply, { status: 503, code: "not_ready", title: "The store takes no writes" });
    }
  });
  app.get("/openapi.json", async () => document);
  return app;
}

/** A question and the two certificates of who asks. */
const SITE_KEY_MAX_BYTES = 8_192;
/** Longest JSON body: an upload of keys. */
const JSON_MAX_BYTES = 65_536;

function addCaseKeys(app: FastifyInstance, radio: ApiParts["radio"]): void {
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit: JSON_MAX_BYTES },
    app.getDefaultJsonParser("error", "error"),
  );
  app.post<{ Body: CaseKeyUpload }>(CASE_KEYS_PATH, { schema: { body: CaseKeyUpload } }, async (request, reply) => {
    const outcome = await radio.uploadKeys(request.body, request.ip);
    switch (outcome.kind) {
      case "taken":
        return { results: outcome.results };
      case "refused":
        return sendProblem(reply, {
          status: 403,
          code: "key_code_refused",
          title: "The code is not good: it was mistyped, has expired, or was used. Ask the officer for another one",
        });
      case "limited":
        return sendProblem(reply, {
          status: 429,
          code: "too_many_attempts",
          title: "Too many wrong codes: try again in ten minutes",
        });
    }
  });
}

/** Lists are signed; what does not verify changes nothing. */
function addRevocations(
  app: FastifyInstance,
  { revoked, orders }: Pick<ApiParts, "revoked" | "orders">,
  gatewaysOnly: { readonly onRequest?: typeof requireGateway },
): void {
  app.get<{ Params: { site: string } }>(`${REVOCATIONS_PATH}/:site`, gatewaysOnly, (request, reply) =>
    sendOrders(orders, request.params.site, reply),
  );
  app.addContentTypeParser(REVOCATIONS_TYPE, { parseAs: "buffer" }, (_, body, done) => done(null, body));
  app.post(REVOCATIONS_PATH, gatewaysOnly, async (request, reply) => {
    const verdict = request.body instanceof Uint8Array ? await revoked.take(new Uint8Array(request.body)) : null;
    if (verdict?.kind === "behind") {
      const title = "The engine holds a list of this site that the one sent does not go on from";
      return sendProblem(reply, { status: 409, code: "revocations_behind", title, held: toBase64Url(verdict.held) });
    }
    if (verdict && verdict.kind !== "refused") return reply.code(204).send();
    const title = "The list is not one of this authority's gateways";
    return sendProblem(reply, { status: 403, code: `revocations_${verdict?.reason ?? "malformed"}`, title });
  });
}

/** Questions are signed by kiosks, and answers sealed to them: a gateway only carries both. */
function addSiteKeys(
  app: FastifyInstance,
  siteKeys: ApiParts["siteKeys"],
  gatewaysOnly: { readonly onRequest?: typeof requireGateway },
): void {
  app.addContentTypeParser(SITE_KEYS_TYPE, { parseAs: "buffer", bodyLimit: SITE_KEY_MAX_BYTES }, (_, body, done) =>
    done(null, body),
  );
  app.post(SITE_KEYS_PATH, gatewaysOnly, async (request, reply) => {
    const question = request.body instanceof Uint8Array ? new Uint8Array(request.body) : new Uint8Array();
    const answer = await siteKeys.answer(question);
    if (answer.kind === "answered") return reply.type(SITE_KEYS_TYPE).send(Buffer.from(answer.bytes));
    const title = "The question is not one of this authority's kiosks, or of one that was revoked";
    return sendProblem(reply, { status: 403, code: `site_key_${answer.reason}`, title });
  });
}

/** A site's id is no secret, and the list names devices only. */
async function sendOrders(orders: ApiParts["orders"], site: string, reply: FastifyReply): Promise<FastifyReply> {
  const list = await orders.listFor(parseSiteId(site));
  if (!list) return reply.code(204).send();
  return reply.header("cache-control", "no-store").type(REVOCATIONS_TYPE).send(Buffer.from(list));
}

/** Published files are the same for everybody, and never change: they may stand behind any cache. */
function addPublished(app: FastifyInstance, publisher: ApiParts["publisher"]): void {
  app.get(PUBLISHED_PATH, async (_, reply) => {
    reply.header("cache-control", "public, max-age=60");
    return { files: await publisher.files() };
  });
  app.get<{ Params: { number: string } }>(`${PUBLISHED_PATH}/:number`, async (request, reply) => {
    const { number } = request.params;
    const bytes = /^[1-9]\d{0,8}$/.test(number) ? await publisher.file(Number(number)) : null;
    if (!bytes) return sendProblem(reply, { status: 404, code: "not_found", title: "No such file is kept" });
    reply.header("cache-control", "public, max-age=86400, immutable");
    return reply.type(PUBLISHED_TYPE).send(Buffer.from(bytes));
  });
}

function batchesOf(body: unknown): readonly Uint8Array[] {
  if (!(body instanceof Uint8Array)) throw new MalformedError("not a set of batches");
  return decodeBatchSet(body);
}
