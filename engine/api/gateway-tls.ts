import { X509Certificate } from "node:crypto";
import type { Server } from "node:https";
import type { TLSSocket } from "node:tls";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { WallMs } from "../../protocol/units.ts";
import { DAY_MS } from "../../protocol/units.ts";
import { sendProblem } from "../../runtime/http/problem.ts";
import { createLeaf, ENGINE_NAME, GATEWAY_LABEL, type Identity, NAME_ROOT } from "../../runtime/pki/authority.ts";

/** What the engine's TLS server works with. */
export interface EngineTls {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  readonly minVersion: "TLSv1.2";
  /** A certificate is asked for, and missing or wrong ones are told from good ones by each path: the public's pages need none. */
  readonly requestCert: true;
  readonly rejectUnauthorized: false;
}

/** A new one is made when this much of the old one is left. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
const GATEWAY_NAME = new RegExp(`^CN=${GATEWAY_LABEL}\\.[a-z0-9-]{1,32}\\.${NAME_ROOT.replaceAll(".", "\\.")}$`);

/** Makes the engine's key and certificate under the authority's root; they live in memory, and each start makes others. */
export async function createEngineTls(root: Identity, nowMs: WallMs): Promise<EngineTls> {
  const leaf = await createLeaf(root, { name: ENGINE_NAME, role: "server", nowMs });
  const common = { minVersion: "TLSv1.2", requestCert: true, rejectUnauthorized: false } as const;
  return { key: leaf.privateKeyPem, cert: leaf.certificatePem, ca: root.certificatePem, ...common };
}

/** Whether it is time for another certificate. */
export function isTlsDue(tls: EngineTls, nowMs: WallMs): boolean {
  return Date.parse(new X509Certificate(tls.cert).validTo) - nowMs <= RENEW_BEFORE_MS;
}

/** Shows another certificate to whoever connects from now on. */
export function useTls(app: FastifyInstance, tls: EngineTls): void {
  (app.server as unknown as Server).setSecureContext(tls);
}

/** A hook that lets in only connections whose certificate is a gateway's of this authority, within its time. */
export async function requireGateway(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const socket = request.raw.socket as TLSSocket;
  if (socket.authorized === true && GATEWAY_NAME.test(socket.getPeerX509Certificate()?.subject ?? "")) return;
  const title = "Only a gateway may post that, with its certificate";
  await sendProblem(reply, { status: 403, code: "not_a_gateway", title });
}
