import type { FastifyInstance, FastifyReply } from "fastify";
import { BluepostError } from "../../protocol/errors.ts";
import { faultWithDetails, type Logger } from "../log.ts";

/** Media type of a problem document. Source: RFC 9457. */
export const PROBLEM_TYPE = "application/problem+json";

/** Fields of a problem document; `code` is our stable code. Texts never repeat what the client sent. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  /** What the server has instead of what was sent, base64url. */
  readonly held?: string;
}

/** Answers with a problem document. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const body = { type: "about:blank", ...problem };
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(body));
}

/**
 * Turns unknown paths, failed validation and our own faults into problem documents; anything else becomes a bare 500.
 *
 * @param log hears of every answer of 500 and above, by the fault's code and safe details
 */
export function problemHandler(app: FastifyInstance, log?: Logger): void {
  app.setNotFoundHandler((_, reply) =>
    sendProblem(reply, { status: 404, code: "not_found", title: "There is nothing here" }),
  );
  app.setErrorHandler((fault, _, reply) => {
    const problem = problemOf(fault);
    if (problem.status >= 500) log?.error("http.fault", { status: problem.status, ...faultWithDetails(fault) });
    return sendProblem(reply, problem);
  });
}

function problemOf(fault: unknown): Problem {
  if (fault instanceof BluepostError) {
    const status = fault.recovery === "drop" ? 400 : 503;
    return { status, code: fault.code, title: fault.message };
  }
  const { statusCode, code, validation } = (fault ?? {}) as {
    statusCode?: number;
    code?: string;
    validation?: readonly { readonly schemaPath?: string }[];
  };
  if (validation) {
    const title = "The request is not of the form that is asked for";
    return { status: 400, code: "invalid_body", title, detail: validation.map(ruleOf).join("; ") };
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: code ?? "bad_request", title: "The request cannot be served" };
  }
  return { status: 500, code: "internal", title: "Something went wrong here" };
}

/** The broken rule by its place in our schema (`count.maximum`): the validator's other fields may hold the client's own words. */
function ruleOf({ schemaPath = "" }: { readonly schemaPath?: string }): string {
  return schemaPath
    .replace(/^[^#]*#\//, "")
    .replaceAll("properties/", "")
    .replaceAll("/", ".");
}
