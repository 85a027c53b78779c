import type { Server } from "node:https";
import { Value } from "@sinclair/typebox/value";
import Fastify, { type FastifyInstance, type FastifyReply, type RouteGenericInterface } from "fastify";
import { toHex } from "../../protocol/bytes.ts";
import { type ClaimRefusal, ENROL_PATH, EnrolRequest } from "../../protocol/http/enrolment.ts";
import { RENEW_NONCE_PATH, RENEW_PATH, type RenewRefusal, RenewRequest } from "../../protocol/http/renewal.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import type { Logger } from "../../runtime/log.ts";
import { TokenBucket } from "../broker/token-bucket.ts";
import { chainPem } from "../registry/device-bundle.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { Counters } from "../status/counters.ts";
import type { Enrolment } from "./enrolment.ts";
import type { Renewal } from "./renewal.ts";

export interface EnrolServerOptions {
  readonly enrolment: Enrolment;
  readonly renewal: Renewal;
  readonly identity: GatewayIdentity;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** A certificate costs about a millisecond and a flush: more askers than this are told to come again. */
const RATE = { perSecond: 20, burst: 20 };

const REFUSALS: Readonly<Record<ClaimRefusal, { readonly status: number; readonly title: string }>> = {
  claim_unknown: { status: 403, title: "This gateway made no such code" },
  claim_foreign: { status: 403, title: "The code is of another site" },
  claim_altered: { status: 403, title: "The code was changed after it was made" },
  claim_expired: { status: 410, title: "The code is older than ten minutes" },
  claim_used: { status: 409, title: "The code has been used" },
  claim_device_exists: { status: 409, title: "A kiosk of this name exists" },
  claim_malformed: { status: 400, title: "The request is not of the form that is asked for" },
  claim_busy: { status: 429, title: "Too many requests; come again in a second" },
};

const RENEW_REFUSED: Readonly<Record<RenewRefusal, { readonly status: number; readonly title: string }>> = {
  renew_unknown: { status: 403, title: "No kiosk of this name was enrolled here" },
  renew_revoked: { status: 403, title: "The kiosk was revoked" },
  renew_nonce: { status: 409, title: "The nonce is not of this gateway, or too old; ask for another" },
  renew_forged: { status: 403, title: "The signature is not of the enrolled key" },
  renew_malformed: { status: 400, title: "The request is not of the form that is asked for" },
  renew_busy: { status: 429, title: "Too many requests; come again in a second" },
};

/** A running server. */
export interface EnrolServer {
  readonly port: number;
  /** Serves with this certificate from now on. */
  useCertificate(identity: Pick<GatewayIdentity, "gateway" | "authority">): void;
  close(): Promise<void>;
}

/**
 * Serves enrolment and renewal over HTTPS, without asking for a client certificate: a kiosk that comes here has none, or none that
 * still counts.
 *
 * Each refusal is counted and logged by its reason, never with what was sent.
 */
export async function startEnrolServer(options: EnrolServerOptions): Promise<EnrolServer> {
  const { identity, log, nowMs } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: 16_384,
    requestTimeout: 10_000,
    forceCloseConnections: true,
    https: tlsOf(identity),
  });
  problemHandler(app, log);
  const routes = { ...options, counters: new Counters(log), bucket: new TokenBucket({ ...RATE, nowMs: nowMs() }) };
  addEnrolment(app, routes);
  addRenewal(app, routes);
  const address = new URL(await app.listen({ host: options.host, port: options.port }));
  return {
    port: Number(address.port),
    useCertificate: (next) => app.server.setSecureContext(tlsOf(next)),
    close: () => app.close(),
  };
}

function tlsOf({ gateway, authority }: Pick<GatewayIdentity, "gateway" | "authority">): {
  readonly key: string;
  readonly cert: string;
  readonly minVersion: "TLSv1.2";
} {
  const cert = chainPem(gateway.certificatePem, authority.certificatePem);
  return { key: gateway.privateKeyPem, cert, minVersion: "TLSv1.2" };
}

interface Routes extends EnrolServerOptions {
  readonly counters: Counters;
  readonly bucket: TokenBucket;
}

type HttpsApp = FastifyInstance<Server>;

function addEnrolment(app: HttpsApp, { enrolment, counters, bucket, nowMs, log }: Routes): void {
  const refuse = (reply: FastifyReply<RouteGenericInterface, Server>, reason: ClaimRefusal): unknown => {
    counters.count("claim.refused", { reason });
    return sendProblem(reply as unknown as FastifyReply, { ...REFUSALS[reason], code: reason });
  };
  app.post(ENROL_PATH, async ({ body }, reply) => {
    if (!bucket.take(nowMs())) return refuse(reply.header("retry-after", "1"), "claim_busy");
    if (!Value.Check(EnrolRequest, body)) return refuse(reply, "claim_malformed");
    const outcome = await enrolment.enrol(body);
    if (outcome.kind === "refused") return refuse(reply, outcome.reason);
    log.info("device.enrolled", { device: outcome.answer.settings.device, gate: outcome.answer.settings.gate });
    return reply.header("cache-control", "no-store").send(outcome.answer);
  });
}

function addRenewal(app: HttpsApp, { renewal, counters, bucket, nowMs, log }: Routes): void {
  const refuse = (reply: FastifyReply<RouteGenericInterface, Server>, reason: RenewRefusal): unknown => {
    counters.count("renewal.refused", { reason });
    return sendProblem(reply as unknown as FastifyReply, { ...RENEW_REFUSED[reason], code: reason });
  };
  app.get(RENEW_NONCE_PATH, async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ nonce: toHex(renewal.nonce()) }),
  );
  app.post(RENEW_PATH, async ({ body }, reply) => {
    if (!bucket.take(nowMs())) return refuse(reply.header("retry-after", "1"), "renew_busy");
    if (!Value.Check(RenewRequest, body)) return refuse(reply, "renew_malformed");
    const outcome = await renewal.renew(body);
    if (outcome.kind === "refused") return refuse(reply, outcome.reason);
    log.info("device.renewed", { device: outcome.device });
    return reply.header("cache-control", "no-store").send(outcome.answer);
  });
}
