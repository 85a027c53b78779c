import type { ServerResponse } from "node:http";
import fastifyStatic from "@fastify/static";
import fastify, { type FastifyInstance } from "fastify";
import { LAB_EVENT, SwitchRequest, VisitRequest } from "../../protocol/http/lab.ts";
import { problemHandler, sendProblem } from "../../runtime/http/problem.ts";
import { pageRoot } from "../../runtime/package-paths.ts";
import type { Lab } from "./lab.ts";

const LOOK_EVERY_MS = 200;
const MAX_PAGES = 20;
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/;
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'", // the plan places people by attribute
    "frame-src http://127.0.0.1:*", // the kiosks' own screens
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
};

/** The lab page's server; on loopback, for the person at this machine. */
export class LabServer {
  readonly #app: FastifyInstance;
  readonly #lab: Lab;
  readonly #pages = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#app = fastify({ logger: false, bodyLimit: 1_024, forceCloseConnections: true });
    problemHandler(this.#app);
    this.#app.addHook("onRequest", async (request, reply) => {
      if (LOOPBACK_HOST.test(request.headers.host ?? "")) return; // no page of another name may reach it (DNS rebinding)
      await sendProblem(reply, { status: 421, code: "wrong_host", title: "The lab answers on this machine only" });
    });
    this.#app.addHook("onSend", async (_, reply, payload) => {
      reply.headers(HEADERS);
      return payload;
    });
    this.#addApi();
    this.#app.register(fastifyStatic, { root: pageRoot("lab"), cacheControl: false });
  }

  /** @returns the page's address */
  async listen(port: number): Promise<string> {
    this.#timer = setInterval(() => this.#tell(), LOOK_EVERY_MS);
    return this.#app.listen({ host: "127.0.0.1", port });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const page of this.#pages) page.end();
    await this.#app.close();
  }

  #addApi(): void {
    const app = this.#app;
    app.get("/api/state", () => this.#lab.view());
    app.get("/api/events", (_, reply) => {
      if (this.#pages.size >= MAX_PAGES)
        return sendProblem(reply, { status: 503, code: "too_many_pages", title: "Too many pages are open" });
      reply.hijack();
      reply.raw.writeHead(200, { ...HEADERS, "content-type": "text/event-stream; charset=utf-8" });
      this.#pages.add(reply.raw);
      reply.raw.on("error", () => reply.raw.destroy()); // the page is gone; it comes back by itself
      reply.raw.on("close", () => this.#pages.delete(reply.raw));
      return reply;
    });
    app.post<{ Body: SwitchRequest }>("/api/switch", { schema: { body: SwitchRequest } }, async (request, reply) => {
      if (await this.#lab.set(request.body)) return { ok: true };
      return sendProblem(reply, { status: 404, code: "no_such_switch", title: "This lab has no such switch" });
    });
    app.post<{ Body: VisitRequest }>("/api/visit", { schema: { body: VisitRequest } }, async (request, reply) => {
      if (this.#lab.visit(request.body.device)) return { ok: true };
      return sendProblem(reply, { status: 409, code: "nobody_free", title: "Nobody is free to go there just now" });
    });
  }

  #tell(): void {
    if (this.#pages.size === 0) return;
    const news = `event: ${LAB_EVENT}\ndata: ${JSON.stringify(this.#lab.view())}\n\n`;
    for (const page of this.#pages) if (!page.writableNeedDrain) page.write(news);
  }
}
