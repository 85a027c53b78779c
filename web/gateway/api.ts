import type { CSRF_HEADER, NoSessionAnswer, SessionAnswer } from "../../protocol/http/fleet-view.ts";

const HEADER: typeof CSRF_HEADER = "x-bluepost-csrf";

/** The gateway refused a request, or did not answer; `code` is its stable code, `network` when there was none. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

let csrf = "";

/** Asks who is logged in. @throws {ApiError} */
export async function askSession(): Promise<SessionAnswer | NoSessionAnswer> {
  const answer = await ask<SessionAnswer | NoSessionAnswer>("api/session");
  if (answer.operator !== null) csrf = answer.csrf;
  return answer;
}

/** Sends a change. @throws {ApiError} */
export async function change<Answer>(path: string, body: unknown): Promise<Answer> {
  const answer = await ask<Answer>(path, {
    method: "POST",
    headers: { "content-type": "application/json", [HEADER]: csrf },
    body: JSON.stringify(body),
  });
  if (isSession(answer)) csrf = answer.csrf;
  return answer;
}

/** Reads something. @throws {ApiError} */
export function read<Answer>(path: string): Promise<Answer> {
  return ask<Answer>(path);
}

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, init).catch(() => null);
  if (!response) throw new ApiError("network", "");
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as Answer;
  const { code = "", title = "" } = body as { code?: string; title?: string };
  throw new ApiError(response.status === 429 && code !== "locked" ? "limited" : code, title);
}

function isSession(answer: unknown): answer is SessionAnswer {
  return typeof answer === "object" && answer !== null && "csrf" in answer;
}
