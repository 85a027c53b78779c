import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ConfirmRequest, FirstLoginRequest, LoginRequest } from "../../protocol/http/fleet-page.ts";
import type { NoSessionAnswer, SessionAnswer } from "../../protocol/http/fleet-view.ts";
import { sendProblem } from "../../runtime/http/problem.ts";
import { type PageContext, SESSION_COOKIE } from "./page-context.ts";

/** Attempts a minute from one address: each costs this machine some tens of milliseconds and 19 MiB. */
const ATTEMPTS_PER_MINUTE = 10;

/** Routes of logging in and out. */
export function addLogin(app: FastifyInstance, context: PageContext): void {
  const { deps, sessions, requireSameOrigin } = context;
  const config = { rateLimit: { max: ATTEMPTS_PER_MINUTE, timeWindow: "1 minute" } };
  const guard = { config, preHandler: requireSameOrigin };

  app.get("/api/session", async (request): Promise<SessionAnswer | NoSessionAnswer> => {
    const session = sessions.find(request.cookies[SESSION_COOKIE], true);
    if (session) return { operator: session.operator, csrf: session.csrf };
    return { operator: null, hasOperators: (await deps.operators.list()).length > 0 };
  });

  app.post<{ Body: LoginRequest }>(
    "/api/login",
    { ...guard, schema: { body: LoginRequest } },
    async (request, reply) => {
      const outcome = await deps.operators.login(request.body);
      if (outcome.kind === "welcome") return welcome(context, { request, reply, operator: outcome.operator });
      deps.log.warn("page.login_refused", { reason: outcome.kind });
      if (outcome.kind === "locked") {
        return sendProblem(reply, {
          status: 429,
          code: "locked",
          title: "Too many wrong attempts; wait a quarter of an hour",
        });
      }
      return sendProblem(reply, { status: 401, code: "wrong", title: "Name, password or code is wrong" });
    },
  );

  app.post<{ Body: FirstLoginRequest }>(
    "/api/first-login",
    { ...guard, schema: { body: FirstLoginRequest } },
    async (request, reply) => {
      const answer = await deps.operators.begin(request.body);
      if (answer) return answer;
      deps.log.warn("page.code_refused");
      return sendProblem(reply, { status: 401, code: "wrong_code", title: "The code is wrong or too old" });
    },
  );

  app.post<{ Body: ConfirmRequest }>(
    "/api/first-login/confirm",
    { ...guard, schema: { body: ConfirmRequest } },
    async (request, reply) => {
      const operator = await deps.operators.confirm(request.body.ticket, request.body.totp);
      if (operator === null) {
        return sendProblem(reply, { status: 401, code: "wrong", title: "The code of the authenticator app is wrong" });
      }
      sessions.endAll(operator); // whoever gives an old name a new password may do so because somebody else knew it
      await deps.gateway.fleet.audit(operator, "operator_added", null);
      return welcome(context, { request, reply, operator });
    },
  );

  app.post("/api/logout", { preHandler: context.requireSession }, async (request, reply) => {
    sessions.end(request.cookies[SESSION_COOKIE]);
    reply.clearCookie(SESSION_COOKIE, { path: "/" });
    return { ok: true };
  });
}

async function welcome(
  { deps, sessions }: PageContext,
  { request, reply, operator }: { request: FastifyRequest; reply: FastifyReply; operator: string },
): Promise<SessionAnswer> {
  sessions.end(request.cookies[SESSION_COOKIE]);
  const cookie = sessions.begin(operator);
  reply.setCookie(SESSION_COOKIE, cookie, {
    httpOnly: true,
    sameSite: "strict",
    path: "/",
    secure: request.protocol === "https",
  });
  await deps.gateway.fleet.audit(operator, "login", null);
  return { operator, csrf: sessions.find(cookie, true)?.csrf ?? "" };
}
