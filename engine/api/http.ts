import Fastify, { type FastifyInstance } from "fastify";
import { MalformedError } from "../../protocol/errors.ts";
import {
  BATCH_SET_MAX_BYTES,
  BATCHES_PATH,
  BATCHES_TYPE,
  type BatchSetAnswer,
  decodeBatchSet,
} from "../../protocol/http/engine-api.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import { openApiDocument } from "./openapi.ts";

/** What the API needs of the engine. */
export interface ApiParts {
  ingest(batches: readonly Uint8Array[]): Promise<BatchSetAnswer>;
  /** Resolves when the store answers. */
  probe(): Promise<void>;
}

/** Builds the engine's HTTP server; the caller listens and closes. Answers that are no 2xx are problem documents (RFC 9457). */
export function buildApi(parts: ApiParts): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: BATCH_SET_MAX_BYTES, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(BATCHES_TYPE, { parseAs: "buffer" }, (_, body, done) => done(null, body));
  problemHandler(app);
  const document = openApiDocument();
  app.post(BATCHES_PATH, async (request) => parts.ingest(batchesOf(request.body)));
  app.get("/healthz", async () => ({ ok: true }));
  app.get("/readyz", async (_, reply) => {
    try {
      await parts.probe();
      return { ok: true };
    } catch {
      return sendProblem(reply, { status: 503, code: "not_ready", title: "The store does not answer" });
    }
  });
  app.get("/openapi.json", async () => document);
  return app;
}

function batchesOf(body: unknown): readonly Uint8Array[] {
  if (!(body instanceof Uint8Array)) throw new MalformedError("not a set of batches");
  return decodeBatchSet(body);
}
