import type { FastifyReply, FastifyRequest } from "fastify";
import { sendProblem } from "../../runtime/http/problem.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

/** Whether a request comes from this machine. */
export function isLoopback(request: FastifyRequest): boolean {
  return LOOPBACK.has(request.socket.remoteAddress ?? "");
}

/** A hook that lets this machine only in. */
export async function requireLoopback(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (isLoopback(request)) return;
  await sendProblem(reply, { status: 403, code: "not_local", title: "Only this machine may ask that" });
}
