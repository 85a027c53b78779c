import { freePorts } from "../../sim/network/free-ports.ts";

export { freePorts } from "../../sim/network/free-ports.ts";

/** Finds one free TCP port of the loopback interface. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("no free port");
  return port;
}
