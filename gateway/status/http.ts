import type { RequestListener } from "node:http";
import Fastify, { type FastifyInstance } from "fastify";
import { fromHex } from "../../protocol/bytes.ts";
import { createEitherServer } from "../../runtime/http/either-tls.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import type { Logger } from "../../runtime/log.ts";
import { TokenBucket } from "../broker/token-bucket.ts";
import { lookAtFleet, type ViewerDeps } from "../fleet/viewer.ts";
import type { SignedClock } from "../time/signed-clock.ts";
import { requireLoopback } from "./loopback.ts";
import { createMetrics } from "./metrics.ts";

export interface StatusServerOptions extends Omit<ViewerDeps, "gateway"> {
  readonly gateway: ViewerDeps["gateway"] & { readonly clock: SignedClock };
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whether other machines may read `/metrics`. */
  readonly openMetrics: boolean;
  readonly log?: Logger;
  /** Certificate and key of the pages for people, PEM; without them there is no HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Registers what else this server serves. */
  readonly more?: (app: FastifyInstance) => Promise<void>;
}

/** A signature costs a fifth of a millisecond; more askers than this are told to come again. */
const TIME_PER_SECOND = 50;
/** A kiosk's certificate and its request for a new one fit into this many bytes, a batch by USB stick into its own limit. */
const BODY_LIMIT = 16_384;
const REQUEST_TIMEOUT_MS = 10_000;
/** Of browsers, kiosks that ask the time, and a Prometheus: far fewer than files that this process may open. */
const MAX_CONNECTIONS = 500;

/**
 * Serves `GET /time?nonce=` to the network (plain HTTP: it is asked by kiosks whose clock is too wrong for TLS, and is signed), and
 * `/healthz`, `/readyz`, `/status` and, unless it is opened, `/metrics` to this machine only.
 *
 * @returns the listening server, with its port
 */
export async function startStatusServer(
  options: StatusServerOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { tls } = options;
  const app = Fastify({
    ...(tls && {
      serverFactory: (handler: RequestListener) =>
        createEitherServer(tls, { requestTimeout: REQUEST_TIMEOUT_MS, maxConnections: MAX_CONNECTIONS }, handler),
    }),
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } }, // what does not fit is refused, not mended
  });
  problemHandler(app, options.log);
  addTime(app, options);
  addStatus(app, options);
  await options.more?.(app);
  const address = new URL(await app.listen({ host: options.host, port: options.port }));
  return { port: Number(address.port), close: () => app.close() };
}

function addTime(app: FastifyInstance, { gateway, nowMs }: StatusServerOptions): void {
  const bucket = new TokenBucket({ perSecond: TIME_PER_SECOND, burst: TIME_PER_SECOND, nowMs: nowMs() });
  app.get<{ Querystring: { nonce?: unknown } }>("/time", async (request, reply) => {
    const { nonce } = request.query;
    if (typeof nonce !== "string" || !/^[0-9a-f]{32}$/.test(nonce)) {
      return sendProblem(reply, { status: 400, code: "bad_nonce", title: "nonce must be 32 lower-case hex digits" });
    }
    if (!bucket.take(nowMs())) {
      reply.header("retry-after", "1");
      return sendProblem(reply, { status: 429, code: "busy", title: "Too many requests; come again in a second" });
    }
    reply.header("cache-control", "no-store").type("application/cose");
    const answer = await gateway.clock.answer(fromHex(nonce));
    if (answer) return reply.send(Buffer.from(answer));
    return sendProblem(reply, { status: 503, code: "clock_unset", title: "The gateway's own clock is not set" });
  });
}

function addStatus(app: FastifyInstance, options: StatusServerOptions): void {
  const { gateway, openMetrics } = options;
  const local = { onRequest: requireLoopback };
  const metrics = createMetrics();
  app.get("/healthz", local, async () => ({ status: "ok" }));
  app.get("/readyz", local, async (_request, reply) => {
    const { broker } = await gateway.status(); // reads the spool: fails when its file cannot be read
    if (broker?.connected === false) return reply.code(503).send({ status: "the broker does not answer" });
    return { status: "ready" };
  });
  app.get("/status", local, async () => gateway.status());
  app.get("/metrics", openMetrics ? {} : local, async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.scrape(await lookAtFleet(options));
  });
}
