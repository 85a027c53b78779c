import { describe, expect, it, onTestFinished } from "vitest";
import type {
  Admission,
  BrokerEvents,
  DeviceBroker,
  DeviceSession,
  PublishedLeaf,
  Violation,
} from "../../gateway/app.ts";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../../protocol/ids.ts";
import { waitFor } from "../support/wait-for.ts";

/** A device's end of the line, whatever carries it. */
export interface DoorClient {
  /** Subscribes to own leaves. @returns the filters that were granted */
  subscribe(...filters: readonly string[]): Promise<readonly string[]>;
  /** Publishes on a full topic; resolves when acknowledged (at once with QoS 0), rejects when the connection ends first. */
  publish(
    topic: string,
    payload: Uint8Array,
    options?: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean },
  ): Promise<void>;
  /** Messages received so far. */
  readonly received: readonly { readonly topic: string; readonly payload: Uint8Array; readonly retain: boolean }[];
  readonly connected: boolean;
  /** Says goodbye. */
  end(): Promise<void>;
  /** Vanishes without a goodbye. */
  cut(): void;
  /** Keeps the connection but reads and answers nothing any more, like a machine that hangs. */
  freeze(): void;
}

/** One broker under test and a way to connect to it as registered devices `door-a` and `door-b`. */
export interface BrokerRig {
  readonly site: SiteId;
  readonly broker: DeviceBroker;
  /** @param will payload of a retained last will on `state`; a full topic makes it a will on that topic */
  connect(
    device: string,
    options?: { readonly boot?: string; readonly will?: { readonly topic?: string; readonly payload: string } },
  ): Promise<DoorClient>;
  close(): Promise<void>;
}

/** What the gateway's side saw. */
class Seen implements BrokerEvents {
  readonly sessions: DeviceSession[] = [];
  readonly ended: DeviceSession[] = [];
  readonly messages: { device: DeviceId; leaf: PublishedLeaf; text: string }[] = [];
  readonly violations: Violation[] = [];
  readonly subscriptions: string[] = [];
  verdict: (session: DeviceSession) => Promise<Admission> = () => Promise.resolve({ kind: "admitted" });
  onMessage: () => Promise<void> = () => Promise.resolve();

  admit(session: DeviceSession): Promise<Admission> {
    return this.verdict(session);
  }
  connected(session: DeviceSession): void {
    this.sessions.push(session);
  }
  closed(session: DeviceSession): void {
    this.ended.push(session);
  }
  subscribed(_session: DeviceSession, leaf: string): void {
    this.subscriptions.push(leaf);
  }
  published(session: DeviceSession, leaf: PublishedLeaf, payload: Uint8Array): Promise<void> {
    this.messages.push({ device: session.device, leaf, text: Buffer.from(payload).toString() });
    return this.onMessage();
  }
  violated(kind: Violation): void {
    this.violations.push(kind);
  }
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Every DeviceBroker, real or simulated, passes this; run it once per adapter. */
export function describeDeviceBroker(adapter: string, makeRig: () => Promise<BrokerRig>): void {
  async function open(): Promise<BrokerRig & { seen: Seen; topic: (device: string, leaf: string) => string }> {
    const rig = await makeRig();
    const seen = new Seen();
    await rig.broker.open(seen);
    onTestFinished(() => rig.close());
    const topic = (device: string, leaf: string): string => `bluepost/v1/${rig.site}/${device}/${leaf}`;
    return { ...rig, seen, topic };
  }

  describe(`DeviceBroker contract: ${adapter}`, () => {
    it("tells of a session from its admission to its end", async () => {
      const { connect, seen } = await open();
      const client = await connect("door-a", { boot: "0badcafe" });
      await waitFor(() => seen.sessions.length === 1);
      expect(seen.sessions[0]).toMatchObject({ device: "door-a", boot: "0badcafe" });
      client.cut();
      await waitFor(() => seen.ended.length === 1);
      expect(seen.ended[0]).toBe(seen.sessions[0]);
    });

    it.each(["unknown_device", "revoked", "clone", "unavailable"] as const)(
      "refuses a session that is %s",
      async (reason) => {
        const { connect, seen } = await open();
        seen.verdict = () => Promise.resolve({ kind: "refused", reason });
        await expect(connect("door-a")).rejects.toThrow();
        expect([seen.sessions, seen.ended]).toEqual([[], []]);
      },
    );

    it("hands over messages in order and acknowledges each only when told to", async () => {
      const { connect, seen, topic } = await open();
      const gates: (() => void)[] = [];
      seen.onMessage = () => new Promise((resolve) => gates.push(resolve));
      const client = await connect("door-a");
      const acked: number[] = [];
      const sent = [0, 1, 2].map((n) =>
        client.publish(topic("door-a", "checkins"), bytes(`m${n}`)).then(() => acked.push(n)),
      );
      await waitFor(() => gates.length === 3);
      expect(seen.messages.map(({ text }) => text)).toEqual(["m0", "m1", "m2"]);
      await client.publish(topic("door-a", "health"), bytes("{}"), { qos: 0 }); // a round through the client's queue
      expect(acked).toEqual([]);
      for (const release of gates) release();
      await Promise.all(sent);
      expect(acked.sort()).toEqual([0, 1, 2]);
    });

    it("ends the connection without an acknowledgement when the message could not be kept", async () => {
      const { connect, seen, topic } = await open();
      seen.onMessage = () => Promise.reject(new Error("disk"));
      const client = await connect("door-a");
      await expect(client.publish(topic("door-a", "checkins"), bytes("x"))).rejects.toThrow();
      await waitFor(() => !client.connected);
    });

    it("sends to a subscribed device only, and to that device only", async () => {
      const { connect, broker, seen, topic } = await open();
      const [a, b] = [await connect("door-a"), await connect("door-b")];
      await a.subscribe(topic("door-a", "receipt"), topic("door-a", "cmd/+"));
      await b.subscribe(topic("door-b", "receipt"));
      await waitFor(() => seen.subscriptions.length === 3);
      broker.send(parseDeviceId("door-a"), "receipt", bytes("one"));
      broker.send(parseDeviceId("door-a"), "time", bytes("not subscribed"));
      broker.send(parseDeviceId("door-a"), "cmd/identify", bytes("two"));
      broker.send(parseDeviceId("door-b"), "receipt", bytes("three"));
      await waitFor(() => a.received.length === 2 && b.received.length === 1);
      expect(a.received.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["one", "two"]);
      expect(a.received[1]?.topic).toBe(topic("door-a", "cmd/identify"));
    });

    it("keeps a retained message for a later subscriber", async () => {
      const { connect, broker, topic } = await open();
      broker.send(parseDeviceId("door-a"), "desired", bytes("v7"), { retain: true });
      const client = await connect("door-a");
      await client.subscribe(topic("door-a", "desired"));
      await waitFor(() => client.received.length === 1);
      expect(client.received[0]?.retain).toBe(true);
    });

    it.each([
      ["a neighbour's branch", "bluepost/v1/school-1/door-b/checkins"],
      ["a downward leaf", "bluepost/v1/school-1/door-a/receipt"],
      ["another site", "bluepost/v1/market-2/door-a/checkins"],
      ["a topic of nobody", "hello/world"],
      ["the broker's own topics", "$SYS/broker/load"],
      ["a very deep topic", "a/".repeat(60)],
    ])("ends the connection of a device that publishes on %s", async (_title, foreign) => {
      const { connect, seen } = await open();
      const client = await connect("door-a");
      await expect(client.publish(foreign, bytes("x"))).rejects.toThrow();
      expect(seen.messages).toEqual([]);
    });

    it.each([
      ["a neighbour's branch", "bluepost/v1/school-1/door-b/receipt"],
      ["everything", "#"],
      ["all devices", "bluepost/v1/school-1/+/receipt"],
      ["all own leaves", "bluepost/v1/school-1/door-a/#"],
      ["an upward leaf", "bluepost/v1/school-1/door-a/checkins"],
      ["a shared subscription", "$share/group/bluepost/v1/school-1/door-a/receipt"],
      ["the broker's own topics", "$SYS/#"],
    ])("does not grant a subscription to %s, and grants the others", async (_title, filter) => {
      const { connect, topic } = await open();
      const client = await connect("door-a");
      const granted = await client.subscribe(filter, topic("door-a", "receipt"));
      expect(granted).toEqual([topic("door-a", "receipt")]);
    });

    it("refuses QoS 2", async () => {
      const { connect, seen, topic } = await open();
      const client = await connect("door-a");
      await expect(client.publish(topic("door-a", "checkins"), bytes("x"), { qos: 2 })).rejects.toThrow();
      expect(seen.messages).toEqual([]);
    });

    it("publishes the last will of a device that vanished, and not of one that said goodbye", async () => {
      const { connect, seen } = await open();
      const polite = await connect("door-b", { will: { payload: "bye-b" } });
      await polite.end();
      const client = await connect("door-a", { will: { payload: "bye-a" } });
      client.cut();
      await waitFor(() => seen.messages.length > 0);
      expect(seen.messages).toEqual([{ device: "door-a", leaf: "state", text: "bye-a" }]);
    });

    it("refuses a last will on any other topic", async () => {
      const { connect } = await open();
      const will = { topic: "bluepost/v1/school-1/door-b/state", payload: "x" };
      await expect(connect("door-a", { will })).rejects.toThrow();
    });

    it("gives a new session of a device the place of the old one", async () => {
      const { connect, seen } = await open();
      const old = await connect("door-a");
      const fresh = await connect("door-a");
      await waitFor(() => seen.ended.length === 1 && seen.sessions.length === 2);
      expect([old.connected, fresh.connected]).toEqual([false, true]);
      expect(seen.ended[0]).toBe(seen.sessions[0]);
    });

    it("gets a sign of life from a live session, and none from one that hangs or is gone", async () => {
      const { connect, broker, seen } = await open();
      const client = await connect("door-a");
      await waitFor(() => seen.sessions.length === 1);
      const session = seen.sessions[0]!;
      expect(await broker.probe(session, 5_000)).toBe(true);
      client.freeze();
      expect(await broker.probe(session, 300)).toBe(false);
      client.cut();
      await waitFor(() => seen.ended.length === 1);
      expect(await broker.probe(session, 300)).toBe(false);
    });

    it("cuts a device off when told to, and no other", async () => {
      const { connect, broker } = await open();
      const [a, b] = [await connect("door-a"), await connect("door-b")];
      broker.kick(parseDeviceId("door-a"));
      await waitFor(() => !a.connected);
      expect(b.connected).toBe(true);
    });

    it("says nothing more once closed", async () => {
      const { connect, broker, seen } = await open();
      const client = await connect("door-a", { will: { payload: "bye" } });
      await broker.close();
      await waitFor(() => !client.connected);
      expect(seen.messages).toEqual([]);
    });
  });
}

/** The site of every rig. */
export const RIG_SITE = parseSiteId("school-1");
