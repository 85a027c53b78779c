import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { Cable } from "../../../../sim/network/cable.ts";

async function echo(): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

it("carries both ways until it is cut, then ends what is open and takes nothing new, and works again when mended", async () => {
  const cable = new Cable({ host: "127.0.0.1", port: await echo() });
  const port = await cable.open();
  onTestFinished(() => cable.close());
  const first = await dial(port);
  first.write("hello");
  expect(String((await once(first, "data"))[0])).toBe("hello");
  const ended = once(first, "close");
  cable.cut();
  await ended;
  const refused = await dial(port);
  await once(refused, "close");
  cable.mend();
  const again = await dial(port);
  again.write("back");
  expect(String((await once(again, "data"))[0])).toBe("back");
});

it("ends a connection whose far side is not there", async () => {
  const cable = new Cable({ host: "127.0.0.1", port: 9 });
  const port = await cable.open();
  onTestFinished(() => cable.close());
  await once(await dial(port), "close");
});
