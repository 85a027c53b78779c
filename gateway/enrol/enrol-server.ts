import { Value } from "@sinclair/typebox/value";
import Fastify, { type FastifyReply } from "fastify";
import { type ClaimRefusal, ENROL_PATH, EnrolRequest } from "../../protocol/http/enrolment.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import type { Logger } from "../../runtime/log.ts";
import { TokenBucket } from "../broker/token-bucket.ts";
import { chainPem } from "../registry/device-bundle.ts";
import type { GatewayIdentity } from "../registry/identity.ts";
import { Counters } from "../status/counters.ts";
import type { Enrolment } from "./enrolment.ts";

export interface EnrolServerOptions {
  readonly enrolment: Enrolment;
  readonly identity: GatewayIdentity;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** A certificate costs about a millisecond and a flush: more askers than this are told to come again. */
const PER_SECOND = 20;

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

/**
 * Serves enrolment over HTTPS, without asking for a client certificate: a kiosk that comes here has none yet.
 *
 * Each refusal is counted and logged by its reason, never with what was sent.
 */
export async function startEnrolServer(
  options: EnrolServerOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { enrolment, identity, nowMs, log } = options;
  const { gateway, authority } = identity;
  const tls = { key: gateway.privateKeyPem, cert: chainPem(gateway.certificatePem, authority.certificatePem) };
  const app = Fastify({
    logger: false,
    bodyLimit: 16_384,
    requestTimeout: 10_000,
    forceCloseConnections: true,
    https: { ...tls, minVersion: "TLSv1.2" },
  });
  problemHandler(app, log);
  const counters = new Counters(log);
  const refuse = (reply: FastifyReply, reason: ClaimRefusal): FastifyReply => {
    counters.count("claim.refused", { reason });
    return sendProblem(reply, { ...REFUSALS[reason], code: reason });
  };
  const bucket = new TokenBucket({ perSecond: PER_SECOND, burst: PER_SECOND, nowMs: nowMs() });
  app.post(ENROL_PATH, async ({ body }, reply) => {
    if (!bucket.take(nowMs())) return refuse(reply.header("retry-after", "1"), "claim_busy");
    if (!Value.Check(EnrolRequest, body)) return refuse(reply, "claim_malformed");
    const outcome = await enrolment.enrol(body);
    if (outcome.kind === "refused") return refuse(reply, outcome.reason);
    log.info("device.enrolled", { device: outcome.answer.settings.device, gate: outcome.answer.settings.gate });
    return reply.header("cache-control", "no-store").send(outcome.answer);
  });
  const address = new URL(await app.listen({ host: options.host, port: options.port }));
  return { port: Number(address.port), close: () => app.close() };
}
