import type { FastifyInstance, FastifyReply } from "fastify";
import { BluepostError } from "../../protocol/errors.ts";

/** Media type of a problem document. Source: RFC 9457. */
export const PROBLEM_TYPE = "application/problem+json";

/** Fields of a problem document; `code` is our stable code. Texts never repeat what the client sent. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
}

/** Answers with a problem document. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const body = { type: "about:blank", ...problem };
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(body));
}

/** Turns unknown paths, failed validation and our own faults into problem documents; anything else becomes a bare 500. */
export function problemHandler(app: FastifyInstance): void {
  app.setNotFoundHandler((_, reply) =>
    sendProblem(reply, { status: 404, code: "not_found", title: "There is nothing here" }),
  );
  app.setErrorHandler((fault, _, reply) => sendProblem(reply, problemOf(fault)));
}

function problemOf(fault: unknown): Problem {
  if (fault instanceof BluepostError) {
    const status = fault.recovery === "drop" ? 400 : 503;
    return { status, code: fault.code, title: fault.message };
  }
  const { statusCode, code, validation } = (fault ?? {}) as {
    statusCode?: number;
    code?: string;
    validation?: { instancePath?: string; keyword?: string }[];
  };
  if (validation) {
    const where = validation
      .map(({ instancePath = "", keyword = "" }) => `${instancePath || "/"}: ${keyword}`)
      .join("; ");
    return {
      status: 400,
      code: "invalid_body",
      title: "The request is not of the form that is asked for",
      detail: where,
    };
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: code ?? "bad_request", title: "The request cannot be served" };
  }
  return { status: 500, code: "internal", title: "Something went wrong here" };
}
