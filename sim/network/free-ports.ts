import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/**
 * Below the range from which Linux takes the local end of outgoing connections (32768 to 60999 unless set otherwise), and from which it
 * answers a wish for any port: a port from there can be gone before the process that shall listen on it has started.
 */
const FIRST = 20_000;
const LAST = 31_999;
/** Ports that this process has named already. */
const named = new Set<number>();

/**
 * Finds ports of the loopback interface that nobody listens on, all different, none named before.
 *
 * `BLUEPOST_SIM_PORTS=20000-25999` narrows the range, for worlds that start at the same time: a port is free until somebody listens.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const [first = FIRST, last = LAST] = (process.env["BLUEPOST_SIM_PORTS"] ?? "").match(/\d+/g)?.map(Number) ?? [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(first, last + 1);
    if (named.has(port) || !(await isFree(port))) continue;
    named.add(port);
    ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = await new Promise<Server | null>((resolve) => {
    const trial = createServer();
    trial.once("error", () => resolve(null));
    trial.listen(port, "127.0.0.1", () => resolve(trial));
  });
  if (!server) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}
