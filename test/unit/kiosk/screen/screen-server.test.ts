import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createScreenModel, type ScreenModel } from "../../../../kiosk/screen/screen-model.ts";
import { createScreenServer, type ScreenServer } from "../../../../kiosk/screen/screen-server.ts";
import type { PartyRequest } from "../../../../protocol/http/kiosk-screen.ts";
import { systemTimers } from "../../../../runtime/timers.ts";
import { IDLE_STATE, screenResult } from "../../../support/kiosk-page.ts";
import { tempFolder } from "../../../support/temp.ts";
import { waitFor } from "../../../support/wait-for.ts";

interface Rig {
  readonly model: ScreenModel;
  readonly server: ScreenServer;
  readonly parties: PartyRequest[];
}

const identify = (): void => undefined;

function rig(setParty: () => boolean = () => true): Rig {
  const webRoot = join(tempFolder(), "web");
  mkdirSync(webRoot);
  writeFileSync(join(webRoot, "index.html"), "<!doctype html><title>page</title>");
  const parties: PartyRequest[] = [];
  const model = createScreenModel(IDLE_STATE, systemTimers);
  const server = createScreenServer({
    model,
    webRoot,
    setParty: async (request) => {
      parties.push(request);
      return { ok: setParty() };
    },
    identify,
  });
  onTestFinished(() => server.close());
  return { model, server, parties };
}

/** A browser that only listens: everything that came so far is in `text`. */
async function watch(server: ScreenServer): Promise<{ socket: Socket; text: () => string }> {
  const address = server.app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : await listening(server);
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
  });
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => undefined); // the test looks at what came, and at `destroyed`
  await once(socket, "connect");
  socket.write("GET /api/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await waitFor(() => text.includes("\n\n") || text.includes("problem"), { what: "an answer" });
  return { socket, text: () => text };
}

async function listening(server: ScreenServer): Promise<number> {
  return Number(new URL(await server.listen({ host: "127.0.0.1", port: 0 })).port);
}

describe("screen server", () => {
  it("serves the page, never cached, without cookies, scripts of its own only", async () => {
    const { server } = rig();
    const { statusCode, headers, body } = await server.app.inject("/");
    expect(statusCode).toBe(200);
    expect(body).toContain("<title>page</title>");
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'; script-src 'self'/);
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|data:|https?:/);
    expect(headers["set-cookie"]).toBeUndefined();
  });

  it("never leaves its folder", async () => {
    const { server } = rig();
    for (const path of ["/../package.json", "/%2e%2e/package.json", "/..%2fpackage.json", "//etc/passwd"]) {
      const { statusCode } = await server.app.inject(path);
      expect(statusCode).toBeGreaterThanOrEqual(400);
    }
  });

  it("answers the API without a page", async () => {
    const model = createScreenModel(IDLE_STATE, systemTimers);
    const server = createScreenServer({ model, webRoot: "/nowhere", setParty: async () => ({ ok: true }), identify });
    expect((await server.app.inject("/healthz")).json()).toEqual({ ok: true });
    expect((await server.app.inject("/api/state")).json()).toEqual({ ...IDLE_STATE, result: null });
    expect((await server.app.inject("/")).statusCode).toBe(404);
    await server.close();
  });

  it("refuses names that are not this machine's own", async () => {
    const { server } = rig();
    for (const host of ["kiosk.example", "127.0.0.1.example", "localhost.example:8080"]) {
      const { statusCode } = await server.app.inject({ url: "/api/state", headers: { host } });
      expect(statusCode).toBe(421);
    }
    for (const host of ["localhost", "127.0.0.1:8080", "[::1]:8080"])
      expect((await server.app.inject({ url: "/api/state", headers: { host } })).statusCode).toBe(200);
  });

  describe("POST /api/self-test", () => {
    const post = (server: ScreenServer, payload: object): Promise<{ statusCode: number; body: string }> =>
      server.app.inject({ method: "POST", url: "/api/self-test", payload });

    it("begins and ends a test, and takes nothing else", async () => {
      const asked: boolean[] = [];
      const model = createScreenModel(IDLE_STATE, systemTimers);
      const setParty = async (): Promise<{ ok: boolean }> => ({ ok: false });
      const selfTest = ({ open }: { readonly open: boolean }): void => void asked.push(open);
      const server = createScreenServer({ model, webRoot: "/nowhere", setParty, selfTest, identify });
      onTestFinished(() => server.close());
      for (const open of [true, false]) expect((await post(server, { open })).statusCode).toBe(200);
      for (const wrong of [{}, { open: "yes" }, { open: true, more: 1 }])
        expect((await post(server, wrong)).statusCode).toBe(400);
      expect(asked).toEqual([true, false]);
    });

    it("says that a kiosk without papers has nothing to test", async () => {
      const { statusCode, body } = await post(rig().server, { open: true });
      expect([statusCode, JSON.parse(body)]).toEqual([409, expect.objectContaining({ code: "not_set_up" })]);
    });
  });

  describe("POST /api/party", () => {
    it("passes the number on", async () => {
      const { server, parties } = rig();
      const reply = await server.app.inject({ method: "POST", url: "/api/party", payload: { result: 7, count: 3 } });
      expect(reply.statusCode).toBe(200);
      expect(parties).toEqual([{ result: 7, count: 3 }]);
    });

    it("says when it is too late", async () => {
      const { server } = rig(() => false);
      const reply = await server.app.inject({ method: "POST", url: "/api/party", payload: { result: 7, count: 3 } });
      expect(reply.statusCode).toBe(409);
      expect(reply.headers["content-type"]).toMatch(/^application\/problem\+json/);
      expect(reply.json()).toMatchObject({ type: "about:blank", status: 409, code: "too_late" });
    });

    it.each([
      ["no body", undefined],
      ["a count of ten", { result: 7, count: 10 }],
      ["a count that is text", { result: 7, count: "secret-canary" }],
      ["a field too many", { result: 7, count: 3, "secret-canary": 1 }],
      ["a list", []],
      ["no JSON", "{secret-canary"],
      ["far too much", `{"result":1,"count":1,"x":"${"secret-canary".repeat(200)}"}`],
    ])("refuses %s without repeating it", async (_, payload) => {
      const { server, parties } = rig();
      const reply = await server.app.inject({
        method: "POST",
        url: "/api/party",
        headers: { "content-type": "application/json" },
        ...(payload === undefined ? {} : { payload }),
      });
      expect(reply.statusCode).toBeGreaterThanOrEqual(400);
      expect(reply.statusCode).toBeLessThan(500);
      expect(reply.headers["content-type"]).toMatch(/^application\/problem\+json/);
      expect(reply.body).not.toContain("canary");
      expect(parties).toEqual([]);
    });
  });

  describe("GET /api/events", () => {
    it("gives the state first, then every click and result in order", async () => {
      const { server, model } = rig();
      const { text } = await watch(server);
      expect(text()).toContain("content-type: text/event-stream");
      const result = screenResult();
      model.click();
      model.show(result);
      await waitFor(() => text().includes("event: result"), { what: "the result" });
      const names = [...text().matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
      expect(names).toEqual(["state", "click", "result"]);
      expect(text()).toContain(`data: ${JSON.stringify(result)}\n\n`);
    });

    it("is open to eight screens at once, and to another when one has gone", async () => {
      const { server } = rig();
      await listening(server);
      const screens = [];
      for (let count = 0; count < 8; count += 1) screens.push(await watch(server));
      expect((await watch(server)).text()).toContain("503");
      screens[0]?.socket.destroy();
      await waitFor(async () => (await watch(server)).text().includes("event: state"), { what: "a free place" });
    });

    it("drops a screen that does not read, and goes on for the others", async () => {
      const { server, model } = rig();
      await listening(server);
      const lazy = await watch(server);
      lazy.socket.pause();
      const name = "x".repeat(4_000);
      const fill = (): boolean => {
        for (let count = 0; count < 200; count += 1)
          model.update({ venue: { id: "7k3m9q2x", name: `${name}${count}`, gate: 1 } });
        return server.app.server.listening;
      };
      for (let round = 0; round < 5; round += 1) await waitFor(fill);
      const reader = await watch(server);
      model.click();
      await waitFor(() => reader.text().includes("event: click"), { what: "the click" });
      lazy.socket.resume();
      await waitFor(() => lazy.socket.destroyed, { what: "the end of the lazy screen" });
      expect(lazy.text()).not.toContain("event: click");
    });

    it("ends with its server", async () => {
      const { server } = rig();
      const { socket } = await watch(server);
      await server.close();
      await waitFor(() => socket.destroyed || socket.readableEnded, { what: "the end of the stream" });
    });
  });
});
