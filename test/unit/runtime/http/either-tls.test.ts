import { once } from "node:events";
import { request as secureRequest } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeAll, expect, it } from "vitest";
import { createEitherServer } from "../../../../runtime/http/either-tls.ts";
import type { Identity } from "../../../../runtime/pki/authority.ts";
import { createSelfSigned } from "../../../../runtime/pki/x509-self-signed.ts";

let page: Identity;
let close = async (): Promise<void> => {};

beforeAll(async () => {
  page = await createSelfSigned(["localhost", "127.0.0.1"], Date.now());
});
afterEach(() => close());

async function serve(): Promise<number> {
  const server = createEitherServer(
    { cert: page.certificatePem, key: page.privateKeyPem },
    { requestTimeout: 5_000 },
    (request, response) => {
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
