import { existsSync } from "node:fs";
import fastifyCookie from "@fastify/cookie";
import fastifyRateLimit from "@fastify/rate-limit";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { pageHeaders } from "../../runtime/http/page-headers.ts";
import { sendProblem } from "../../runtime/http/problem.ts";
import { faultFields } from "../../runtime/log.ts";
import { lookAtFleet } from "../fleet/viewer.ts";
import { isLoopback } from "../status/loopback.ts";
import { addActions } from "./actions.ts";
import { FleetWatchers } from "./fleet-watchers.ts";
import { addLogin } from "./login.ts";
import { contextOf, type FleetPageDeps, type PageContext, SESSION_COOKIE } from "./page-context.ts";
import { Sessions } from "./sessions.ts";

/** Requests a minute from one address. */
const REQUESTS_PER_MINUTE = 300;

const HEADERS = pageHeaders("'self'");

/** Serves the fleet page and its API below `/api`: to this machine over HTTP too, to others over HTTPS only. */
export async function addFleetPage(app: FastifyInstance, deps: FleetPageDeps): Promise<void> {
  const sessions = new Sessions(deps.crypto, deps.nowMs);
  const watchers = new FleetWatchers({
    look: async () => {
      sessions.keepOnly(await deps.operators.list());
      return (await lookAtFleet(deps)).view;
    },
    timers: deps.timers,
    failed: (fault) => deps.log.error("page.look_failed", faultFields(fault)),
  });
  const page: FastifyPluginAsync = async (scope) => {
    await scope.register(fastifyCookie);
    await scope.register(fastifyRateLimit, { max: REQUESTS_PER_MINUTE, timeWindow: "1 minute" });
    scope.addHook("onRequest", requireSecrecy);
    scope.addHook("onSend", async (_, reply, payload) => {
      reply.headers(HEADERS);
      return payload;
    });
    const context = contextOf(deps, sessions, watchers);
    addLogin(scope, context);
    addLooks(scope, context);
    addActions(scope, context);
    if (existsSync(deps.webRoot)) await scope.register(fastifyStatic, { root: deps.webRoot, cacheControl: false });
    else deps.log.warn("page.missing");
  };
  app.addHook("preClose", async () => watchers.close());
  await app.register(page);
}

/** A password must not cross a network in the clear. */
async function requireSecrecy(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.protocol === "https" || isLoopback(request)) return;
  if (request.method === "GET" && !request.url.startsWith("/api/") && request.headers.host !== undefined) {
    await reply.redirect(`https://${request.headers.host}/`, 307);
    return;
  }
  await sendProblem(reply, { status: 403, code: "https_only", title: "Open this page with https://" });
}

function addLooks(app: FastifyInstance, { deps, watchers, sessions, requireSession }: PageContext): void {
  const guard = { preHandler: requireSession };
  app.get("/api/fleet", guard, async () => (await lookAtFleet(deps)).view);
  app.get("/api/audit", guard, async () => deps.gateway.fleet.store.auditTrail(100));
  app.get("/api/events", guard, async (request, reply) => {
    if (watchers.full) {
      return sendProblem(reply, { status: 503, code: "too_many_pages", title: "Too many fleet pages are open" });
    }
    const cookie = request.cookies[SESSION_COOKIE];
    reply.hijack();
    await watchers.add(reply.raw, HEADERS, () => sessions.find(cookie, false) !== null);
    return reply;
  });
}
