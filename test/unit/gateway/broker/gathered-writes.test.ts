import { connect, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { gatherWrites } from "../../../../gateway/broker/gathered-writes.ts";
import { waitFor } from "../../../support/wait-for.ts";

/** Two ends of one connection; what the second receives is collected. */
async function pair(): Promise<{ near: Socket; far: Socket; received: () => Buffer }> {
  const parts: Buffer[] = [];
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const far = connect(typeof address === "object" && address ? address.port : 0, "127.0.0.1");
  const near = await accepted;
  far.on("data", (part) => parts.push(part));
  onTestFinished(() => {
    for (const socket of [near, far]) socket.destroy();
    server.close();
  });
  return { near, far, received: () => Buffer.concat(parts) };
}

it("keeps the order of bytes and texts, and tells each writer when its bytes are gone", async () => {
  const { near, received } = await pair();
  gatherWrites(near);
  const told: number[] = [];
  near.write(Buffer.from("a"), () => told.push(1));
  near.write("bø", "utf8", () => told.push(2));
  near.write(Buffer.from("c"));
  await waitFor(() => told.length === 2);
  near.write("d");
  await waitFor(() => received().toString() === "abøcd");
  expect(told).toEqual([1, 2]);
});

it("says when to wait for drain, and drains", async () => {
  const { near, far } = await pair();
  gatherWrites(near);
  far.pause();
  let full = false;
  for (let n = 0; n < 200 && !full; n += 1) {
    full = !near.write(Buffer.alloc(1 << 20));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(full).toBe(true);
  const drained = new Promise((resolve) => near.once("drain", resolve));
  far.resume();
  await drained;
});

it("tells writers of a connection that is gone", async () => {
  const { near } = await pair();
  gatherWrites(near);
  near.on("error", () => undefined);
  near.destroy();
  const fault = await new Promise((resolve) => near.write(Buffer.from("x"), resolve));
  expect(fault).toBeInstanceOf(Error);
});
