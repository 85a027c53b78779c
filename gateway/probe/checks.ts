import { MAX_PACKET_BYTES } from "../../protocol/mqtt/messages.ts";
import type { Finding } from "./findings.ts";
import { type ProbeAddress, ProbeClient } from "./mqtt-client.ts";

/** Three clients with names of their own, and a branch of topics that nobody else uses. */
export interface ProbeBench {
  readonly branch: string;
  address(client: 0 | 1 | 2): Promise<ProbeAddress>;
  clientId(client: 0 | 1 | 2): string;
}

/** Brokers that redeliver by a timer do so within half a minute. */
const REDELIVERY_MS = 40_000;
const COUNT = 20;
const LONG_PACKET_BYTES = 1_048_576;

type Opening = Omit<Parameters<typeof ProbeClient.open>[1], "clientId">;

/** Connects one of the bench's clients. @throws {ProbeRefusedError} GW_PROBE_REFUSED */
export async function open(bench: ProbeBench, client: 0 | 1 | 2, options: Opening = {}): Promise<ProbeClient> {
  return await ProbeClient.open(await bench.address(client), { clientId: bench.clientId(client), ...options });
}

/** Which versions it speaks. @throws {ProbeRefusedError} GW_PROBE_REFUSED when it cannot be reached at all */
export async function checkProtocol(bench: ProbeBench): Promise<Finding> {
  const check = "protocol";
  await (await open(bench, 0)).end();
  try {
    await (await open(bench, 0, { level: 5 })).end();
    return { check, verdict: "good", seen: "3.1.1 and 5" };
  } catch {
    return { check, verdict: "good", seen: "3.1.1 only" }; // which is all that is needed
  }
}

/** Whether a client without password and certificate is let in. */
export async function checkAccess(bench: ProbeBench): Promise<Finding> {
  const check = "access";
  const { url, tls, timeoutMs } = await bench.address(0);
  const stranger = tls && { ...(tls.ca !== undefined && { ca: tls.ca }), serverName: tls.serverName };
  try {
    const client = await ProbeClient.open(
      { url, login: null, tls: stranger, timeoutMs },
      { clientId: bench.clientId(0) },
    );
    const heard = await client.subscribe(`${bench.branch}/access`);
    await client.end();
    if (!heard) return { check, verdict: "good", seen: "a stranger connects, and may not subscribe" };
    return {
      check,
      verdict: "note",
      seen: "anybody may connect and listen: good for a test only; see `gateway broker-config`",
    };
  } catch {
    return { check, verdict: "good", seen: "a stranger is refused" };
  }
}

/** Whether a message with QoS 1 arrives and is acknowledged. */
export async function checkDelivery(bench: ProbeBench): Promise<Finding> {
  const check = "delivery";
  const [from, to] = [await open(bench, 0), await open(bench, 1)];
  try {
    const topic = `${bench.branch}/delivery`;
    if (!(await to.subscribe(topic)))
      return { check, verdict: "bad", seen: `SUBACK refuses ${bench.branch}: its rules must allow this branch` };
    const acked = await from.publish(topic, "hello");
    const arrived = await to.until((messages) => messages.length > 0);
    const seen = `PUBACK ${acked ? "came" : "did NOT come"}, the message ${arrived ? "arrived" : "did NOT arrive"}`;
    return { check, verdict: acked && arrived ? "good" : "bad", seen };
  } finally {
    await Promise.all([from.end(), to.end()]);
  }
}

/** Whether what a client did not acknowledge comes again on its next connection. */
export async function checkRedelivery(bench: ProbeBench): Promise<Finding> {
  const check = "redelivery";
  const topic = `${bench.branch}/redelivery`;
  await forget(bench);
  const [from, first] = [await open(bench, 0), await open(bench, 1, { keep: true, acknowledge: false })];
  await first.subscribe(topic);
  await from.publish(topic, "again");
  const arrived = await first.until((messages) => messages.length > 0);
  first.cut();
  await from.end();
  if (!arrived) return { check, verdict: "bad", seen: "the message did not arrive in the first place" };
  const startedAt = performance.now();
  const second = await open(bench, 1, { keep: true });
  const again = await second.until((messages) => messages.some(({ text }) => text === "again"), REDELIVERY_MS);
  await second.end();
  await forget(bench);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  if (!again)
    return { check, verdict: "bad", seen: `nothing within ${seconds} s: a gateway that fails would lose messages` };
  return { check, verdict: "good", seen: seconds < 2 ? "at once" : `after ${seconds} s` };
}

/** Whether messages wait for a client that is away. */
export async function checkSession(bench: ProbeBench): Promise<Finding> {
  const check = "session";
  const topic = `${bench.branch}/session`;
  await forget(bench);
  const first = await open(bench, 1, { keep: true });
  await first.subscribe(topic);
  await first.end();
  const from = await open(bench, 0);
  for (let n = 0; n < COUNT; n += 1) await from.publish(topic, String(n));
  await from.end();
  const second = await open(bench, 1, { keep: true });
  const present = second.connack.sessionPresent;
  await second.until((messages) => messages.length >= COUNT);
  const got = new Set(second.messages.map(({ text }) => text)).size;
  await second.end();
  await forget(bench);
  const seen = `session ${present ? "present" : "NOT present"}, ${got} of ${COUNT} messages had waited`;
  return { check, verdict: present && got === COUNT ? "good" : "bad", seen };
}

/** Whether a later subscriber gets the last retained message. */
export async function checkRetained(bench: ProbeBench): Promise<Finding> {
  const check = "retained";
  const topic = `${bench.branch}/retained`;
  const [from, to] = [await open(bench, 0), await open(bench, 1)];
  try {
    await from.publish(topic, "kept", true);
    await to.subscribe(topic);
    const got = await to.until((messages) => messages.some(({ retain }) => retain));
    await from.publish(topic, "", true);
    return { check, verdict: got ? "good" : "bad", seen: got ? "kept and delivered" : "not delivered to a subscriber" };
  } finally {
    await Promise.all([from.end(), to.end()]);
  }
}

/** Whether the last will of a client that vanishes is published. */
export async function checkWill(bench: ProbeBench): Promise<Finding> {
  const check = "will";
  const topic = `${bench.branch}/will`;
  const to = await open(bench, 1);
  try {
    await to.subscribe(topic);
    (await open(bench, 0, { will: { topic, text: "gone" } })).cut();
    const got = await to.until((messages) => messages.length > 0);
    return { check, verdict: got ? "good" : "bad", seen: got ? "published" : "not published" };
  } finally {
    await to.end();
  }
}

/** Whether `$share` divides messages; some brokers grant it and deliver nothing. */
export async function checkSharing(bench: ProbeBench): Promise<Finding> {
  const check = "sharing";
  const topic = `${bench.branch}/sharing`;
  const [from, one, two] = [await open(bench, 0), await open(bench, 1), await open(bench, 2)];
  try {
    const filter = `$share/probe/${topic}`;
    const granted = (await one.subscribe(filter)) && (await two.subscribe(filter));
    if (!granted) return { check, verdict: "note", seen: "refused: one gateway process only" };
    for (let n = 0; n < COUNT; n += 1) await from.publish(topic, String(n));
    await one.until((messages) => messages.length + two.messages.length >= COUNT);
    const [a, b] = [one.messages.length, two.messages.length];
    if (a + b === COUNT && a > 0 && b > 0) return { check, verdict: "good", seen: `${a} and ${b} of ${COUNT}` };
    const what = a + b === 0 ? "granted, but nothing is ever delivered" : `${a} and ${b} of ${COUNT}`;
    return { check, verdict: "note", seen: `${what}: one gateway process only` };
  } finally {
    await Promise.all([from.end(), one.end(), two.end()]);
  }
}

/** Whether the longest batch passes, and whether there is a bound above it. */
export async function checkPacket(bench: ProbeBench): Promise<Finding> {
  const check = "packet";
  const needed = await passes(bench, MAX_PACKET_BYTES - 256); // room for topic and header
  if (!needed)
    return {
      check,
      verdict: "bad",
      seen: `${MAX_PACKET_BYTES} bytes do not pass: raise its limit to that, not further`,
    };
  if (await passes(bench, LONG_PACKET_BYTES))
    return { check, verdict: "note", seen: `even 1 MiB passes: set a limit of ${MAX_PACKET_BYTES} bytes` };
  return { check, verdict: "good", seen: `${MAX_PACKET_BYTES} bytes pass, 1 MiB does not` };
}

async function passes(bench: ProbeBench, bytes: number): Promise<boolean> {
  const topic = `${bench.branch}/packet`;
  const [from, to] = [await open(bench, 0), await open(bench, 1)];
  try {
    await to.subscribe(topic);
    const acked = await from.publish(topic, Buffer.alloc(bytes, 0x62));
    return acked && (await to.until((messages) => messages.some((message) => message.bytes === bytes)));
  } finally {
    await Promise.all([from.end(), to.end()]);
  }
}

/** Takes the second client's session away. */
export async function forget(bench: ProbeBench): Promise<void> {
  await (await open(bench, 1)).end();
}
