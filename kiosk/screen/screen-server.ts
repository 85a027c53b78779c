import { existsSync } from "node:fs";
import type { ServerResponse } from "node:http";
import fastifyStatic from "@fastify/static";
import fastify, { type FastifyInstance } from "fastify";
import { PartyRequest, SCREEN_EVENTS } from "../../protocol/http/kiosk-screen.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import type { ScreenEvent, ScreenModel } from "./screen-model.ts";

export interface ScreenServerDeps {
  readonly model: ScreenModel;
  readonly setParty: (request: PartyRequest) => Promise<{ readonly ok: boolean }>;
  /** Folder of the built page; without it the server answers the API only. */
  readonly webRoot: string;
}

/** The kiosk's own page server. */
export interface ScreenServer {
  readonly app: FastifyInstance;
  /** @returns the page's address */
  listen(where: { readonly host: string; readonly port: number }): Promise<string>;
  close(): Promise<void>;
}

/** Screens that may watch at once: the one in the box, and a technician's. */
const MAX_WATCHERS = 8;
/** A watcher that does not read is dropped when this much waits for it, bytes. */
const MAX_WAITING_BYTES = 65_536;
const HEARTBEAT_MS = 15_000;

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Serves the screen's page, its state, and its events. Nothing else on this machine needs it, so it listens on loopback. */
export function createScreenServer(deps: ScreenServerDeps): ScreenServer {
  const app = fastify({ logger: false, bodyLimit: 1_024, forceCloseConnections: true });
  const watchers = new Set<ServerResponse>();
  problemHandler(app);
  app.addHook("onSend", async (_, reply, payload) => {
    reply.headers(HEADERS);
    return payload;
  });
  app.get("/healthz", () => ({ ok: true }));
  app.get("/api/state", () => deps.model.state());
  app.get("/api/events", (_, reply) => {
    if (watchers.size >= MAX_WATCHERS) {
      return sendProblem(reply, { status: 503, code: "too_many_screens", title: "Too many screens are connected" });
    }
    reply.hijack();
    watch(reply.raw, deps.model, watchers);
    return reply;
  });
  app.post<{ Body: PartyRequest }>("/api/party", { schema: { body: PartyRequest } }, async (request, reply) => {
    const { ok } = await deps.setParty(request.body);
    if (ok) return { ok };
    return sendProblem(reply, { status: 409, code: "too_late", title: "The visitor is no longer on the screen" });
  });
  if (existsSync(deps.webRoot)) app.register(fastifyStatic, { root: deps.webRoot });
  return {
    app,
    listen: ({ host, port }) => app.listen({ host, port }),
    async close() {
      for (const response of watchers) response.end();
      await app.close();
    },
  };
}

function watch(response: ServerResponse, model: ScreenModel, watchers: Set<ServerResponse>): void {
  response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream" });
  watchers.add(response);
  const send = ({ name, data }: ScreenEvent): void => {
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
    else response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  send({ name: SCREEN_EVENTS.state, data: model.state() });
  const stop = model.subscribe(send);
  const heartbeat = setInterval(() => response.write(": still here\n\n"), HEARTBEAT_MS);
  response.on("close", () => {
    clearInterval(heartbeat);
    stop();
    watchers.delete(response);
  });
}
