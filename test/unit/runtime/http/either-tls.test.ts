import { once } from "node:events";
import { request as secureRequest } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { connect as connectSecure, type TLSSocket } from "node:tls";
import { afterEach, beforeAll, expect, it } from "vitest";
import { createEitherServer } from "../../../../runtime/http/either-tls.ts";
import type { Identity } from "../../../../runtime/pki/authority.ts";
import { createSelfSigned } from "../../../../runtime/pki/x509-self-signed.ts";
import { waitFor } from "../../../support/wait-for.ts";

let page: Identity;
let close = async (): Promise<void> => {};
/** Sends the second news to whoever asked for `/events`. */
let tell = (): void => {};

beforeAll(async () => {
  page = await createSelfSigned(["localhost", "127.0.0.1"], Date.now());
});
afterEach(() => close());

interface Limits {
  readonly requestTimeout?: number;
  readonly maxConnections?: number;
}

async function serve({ requestTimeout = 5_000, maxConnections = 50 }: Limits = {}): Promise<number> {
  const server = createEitherServer(
    { cert: page.certificatePem, key: page.privateKeyPem },
    { requestTimeout, maxConnections },
    (request, response) => {
      if (request.url === "/events") {
        response.write("first");
        tell = () => void response.write("second");
        return;
      }
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => response.end(`${"encrypted" in request.socket} ${Buffer.concat(chunks).length}`));
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return (server.address() as AddressInfo).port;
}

function ask(port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = secureRequest({ port, host: "127.0.0.1", ca: page.certificatePem, method: "POST" }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () => resolve(text));
    });
    request.on("error", reject);
    request.end(body);
  });
}

it("serves HTTP and HTTPS on one port, also bodies of many packets", async () => {
  const port = await serve();
  const body = "x".repeat(300_000);
  expect(await (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body })).text()).toBe("false 300000");
  expect(await ask(port, body)).toBe("true 300000");
});

/** A client that completed its handshake; `ended` resolves with all that it was told. */
async function openSecure(port: number): Promise<{ readonly socket: TLSSocket; readonly ended: Promise<string> }> {
  const socket = connectSecure({ port, host: "127.0.0.1", ca: page.certificatePem });
  const parts: string[] = [];
  socket.on("data", (chunk) => parts.push(String(chunk)));
  socket.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(parts.join(""))));
  await once(socket, "secureConnect");
  return { socket, ended };
}

it("ends encrypted connections that say nothing, half a header or half a handshake, while an answer under way goes on", async () => {
  const port = await serve({ requestTimeout: 100 });
  const watcher = await openSecure(port);
  watcher.socket.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(watcher.socket, "data");
  const half = await openSecure(port);
  half.socket.write("GET / HTTP/1.1\r\nHost:");
  const silent = await openSecure(port);
  const shaking = connect(port, "127.0.0.1");
  shaking.on("error", () => undefined);
  const shaken = once(shaking, "close");
  shaking.write(Buffer.from([22, 3, 1]));
  expect(await half.ended).toMatch(/^HTTP\/1.1 408 /);
  await Promise.all([silent.ended, shaken]);
  const news = once(watcher.socket, "data");
  tell();
  expect(String((await news)[0])).toContain("second");
});

it("takes no more connections at once than it may, and others when one ends", async () => {
  const port = await serve({ maxConnections: 2 });
  const first = await openSecure(port);
  await openSecure(port);
  await expect(ask(port, "one too many")).rejects.toThrow();
  first.socket.end();
  await first.ended;
  await waitFor(async () => (await ask(port, "room").catch(() => "")) === "true 4");
});

it("outlives clients that say nothing, nonsense, or half a handshake", async () => {
  const port = await serve();
  const open = async (bytes: Buffer): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(bytes);
    return socket;
  };
  const sockets = [
    await open(Buffer.from([22, 3, 1])),
    await open(Buffer.from("nonsense\r\n\r\n")),
    await open(Buffer.alloc(0)),
  ];
  sockets[0]?.end();
  sockets[2]?.destroy();
  expect(await ask(port, "still here")).toBe("true 10");
});
