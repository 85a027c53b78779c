import { existsSync } from "node:fs";
import fastifyStatic from "@fastify/static";
import fastify, { type FastifyInstance } from "fastify";
import { PartyRequest } from "../../protocol/http/kiosk-screen.ts";
import { SelfTestRequest } from "../../protocol/http/self-test.ts";
import { pageHeaders } from "../../runtime/http/page-headers.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import type { Logger } from "../../runtime/log.ts";
import type { ScreenSource } from "./screen-model.ts";
import { ScreenWatchers } from "./screen-watchers.ts";

/** What the page's server stands on. */
export interface ScreenServerDeps {
  readonly model: ScreenSource;
  readonly setParty: (request: PartyRequest) => Promise<{ readonly ok: boolean }>;
  /** Absent: this kiosk has nothing to test yet. */
  readonly selfTest?: (request: SelfTestRequest) => void;
  /** Lets this machine show that it is the one that is looked for. */
  readonly identify: () => void;
  /** Folder of the built page; without it the server answers the API only. */
  readonly webRoot: string;
  readonly log?: Logger;
}

/** The kiosk's own page server. */
export interface ScreenServer {
  readonly app: FastifyInstance;
  /** @returns the page's address */
  listen(where: { readonly host: string; readonly port: number }): Promise<string>;
  /** Ends every event stream and stops listening. */
  close(): Promise<void>;
}

const HEADERS = pageHeaders("'none'");

const LOOPBACK_ADDRESS = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/;

/**
 * Serves the screen's page, its state, its events and the visitor's answer to "how many came along".
 *
 * Nothing off this machine needs it: while it listens on loopback it also refuses other host names, so that no web page can
 * reach it under a name of its own (DNS rebinding). No cookies, nothing cached.
 */
export function createScreenServer(deps: ScreenServerDeps): ScreenServer {
  const app = fastify({
    logger: false,
    bodyLimit: 1_024,
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } }, // what does not fit is refused, not mended
  });
  const watchers = new ScreenWatchers(deps.model);
  let loopbackOnly = true;
  problemHandler(app, deps.log);
  app.addHook("onRequest", async (request, reply) => {
    if (!loopbackOnly || LOOPBACK_HOST.test(request.headers.host ?? "")) return;
    await sendProblem(reply, { status: 421, code: "wrong_host", title: "This page is for the screen of the kiosk" });
  });
  app.addHook("onSend", async (_, reply, payload) => {
    reply.headers(HEADERS);
    return payload;
  });
  addApi(app, deps, watchers);
  if (existsSync(deps.webRoot)) app.register(fastifyStatic, { root: deps.webRoot, cacheControl: false });
  else deps.log?.warn("screen.page_missing");
  return {
    app,
    listen({ host, port }) {
      loopbackOnly = LOOPBACK_ADDRESS.test(host);
      return app.listen({ host, port });
    },
    async close() {
      watchers.close();
      await app.close();
    },
  };
}

function addApi(app: FastifyInstance, deps: ScreenServerDeps, watchers: ScreenWatchers): void {
  app.get("/healthz", () => ({ ok: true }));
  app.get("/api/state", () => deps.model.state());
  app.get("/api/events", (_, reply) => {
    if (watchers.full) {
      return sendProblem(reply, { status: 503, code: "too_many_screens", title: "Too many screens are connected" });
    }
    reply.hijack();
    watchers.add(reply.raw, HEADERS);
    return reply;
  });
  app.post<{ Body: PartyRequest }>("/api/party", { schema: { body: PartyRequest } }, async (request, reply) => {
    const { ok } = await deps.setParty(request.body);
    if (ok) return { ok };
    return sendProblem(reply, { status: 409, code: "too_late", title: "The visitor is no longer on the screen" });
  });
  app.post("/api/identify", () => {
    deps.identify();
    return { ok: true };
  });
  app.post<{ Body: SelfTestRequest }>("/api/self-test", { schema: { body: SelfTestRequest } }, (request, reply) => {
    if (!deps.selfTest) {
      return sendProblem(reply, { status: 409, code: "not_set_up", title: "This kiosk has not been set up" });
    }
    deps.selfTest(request.body);
    return { ok: true };
  });
}
