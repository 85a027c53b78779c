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

/** What a broker can do: where brokers differ, the contract says what each does instead. */
export interface BrokerTraits {
  /** How an unwelcome device learns it: at CONNECT, or not at all, and nothing that it says is taken. */
  readonly refusal: "at_connect" | "unheard";
  /** When a device gets PUBACK: when the gateway has kept its message, or when the broker has taken it. */
  readonly puback: "when_kept" | "when_taken";
  /** What publishing outside its own branch costs a device: the connection, or the message. */
  readonly trespass: "disconnected" | "unheard";
  /** What becomes of a subscription outside its own branch: SUBACK refuses it, or nothing ever comes of it. */
  readonly prying: "refused" | "nothing_comes";
  /** QoS 2 ends the connection, or reaches the gateway as QoS 1. */
  readonly qos2: "disconnected" | "lowered";
  /** A last will outside its own branch: CONNECT is refused, or nobody hears the will. */
  readonly foreignWill: "refused" | "unheard";
  /** `kick` ends the connection, or makes the gateway forget the session. */
  readonly kick: "disconnects" | "forgets";
  /** Whether `probe` can ask a device; else its answer is always no, and the broker itself ends older connections. */
  readonly signOfLife: boolean;
}

/** The embedded broker's: it does everything itself. */
export const EMBEDDED: BrokerTraits = {
  refusal: "at_connect",
  puback: "when_kept",
  trespass: "disconnected",
  prying: "refused",
  qos2: "disconnected",
  foreignWill: "refused",
  kick: "disconnects",
  signOfLife: true,
};

/** One broker under test and a way to connect to it as registered devices `door-a` and `door-b`. */
export interface BrokerRig {
  readonly site: SiteId;
  readonly broker: DeviceBroker;
  readonly traits: BrokerTraits;
  /** @param will payload of a retained last will on `state`; a full topic makes it a will on that topic */
  connect(
    device: string,
    options?: { readonly boot?: string; readonly will?: { readonly topic?: string; readonly payload: string } },
  ): Promise<DoorClient>;
  close(): Promise<void>;
}

/** What the gateway's side saw, but for devices that say hello. */
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
    const text = Buffer.from(payload).toString();
    if (leaf === "state" && text.includes("online")) return Promise.resolve();
    this.messages.push({ device: session.device, leaf, text });
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
        const { connect, seen, traits, topic } = await open();
        let asked = 0;
        seen.verdict = () => {
          asked += 1;
          return Promise.resolve({ kind: "refused", reason });
        };
        if (traits.refusal === "at_connect") await expect(connect("door-a")).rejects.toThrow();
        else {
          const client = await connect("door-a");
          await client.publish(topic("door-a", "checkins"), bytes("x"));
        }
        await waitFor(() => asked > (traits.refusal === "at_connect" ? 0 : 1));
        expect([seen.sessions, seen.ended, seen.messages]).toEqual([[], [], []]);
      },
    );

    it("hands over messages in order and acknowledges each only when told to", async () => {
      const { connect, seen, topic, traits } = await open();
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
      if (traits.puback === "when_kept") expect(acked).toEqual([]);
      else await waitFor(() => acked.length === 3);
      for (const release of gates) release();
      await Promise.all(sent);
      expect(acked.sort()).toEqual([0, 1, 2]);
    });

    it("does not take an acknowledgement for granted when the message could not be kept", async () => {
      const { connect, seen, topic, traits } = await open();
      seen.onMessage = () => Promise.reject(new Error("disk"));
      const client = await connect("door-a");
      if (traits.puback === "when_taken") {
        await client.publish(topic("door-a", "checkins"), bytes("x"));
        await waitFor(() => seen.messages.length > 0);
        seen.onMessage = () => Promise.resolve();
        const before = seen.messages.length;
        await waitFor(() => seen.messages.length > before, { what: "the broker to deliver it again" });
        expect(new Set(seen.messages.map(({ text }) => text))).toEqual(new Set(["x"]));
        return;
      }
      await expect(client.publish(topic("door-a", "checkins"), bytes("x"))).rejects.toThrow();
      await waitFor(() => !client.connected);
    });

    it("sends to a subscribed device only, and to that device only", async () => {
      const { connect, broker, seen, topic } = await open();
      const [a, b] = [await connect("door-a"), await connect("door-b")];
      await a.subscribe(topic("door-a", "receipt"), topic("door-a", "cmd/+"));
      await b.subscribe(topic("door-b", "receipt"));
      await waitFor(() => seen.subscriptions.length >= 2 && seen.sessions.length === 2);
      broker.send(parseDeviceId("door-a"), "receipt", bytes("one"));
      broker.send(parseDeviceId("door-a"), "time", bytes("not subscribed"));
      broker.send(parseDeviceId("door-a"), "cmd/identify", bytes("two"));
      broker.send(parseDeviceId("door-b"), "receipt", bytes("three"));
      await waitFor(() => a.received.length === 2 && b.received.length === 1);
      const got = a.received.map((one) => `${one.topic} ${Buffer.from(one.payload).toString()}`);
      expect(got.sort()).toEqual([`${topic("door-a", "cmd/identify")} two`, `${topic("door-a", "receipt")} one`]);
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
    ])("takes nothing from a device that publishes on %s", async (_title, foreign) => {
      const { connect, seen, traits, topic } = await open();
      const client = await connect("door-a");
      if (traits.trespass === "disconnected") await expect(client.publish(foreign, bytes("x"))).rejects.toThrow();
      else {
        await client.publish(foreign, bytes("x")).catch(() => undefined); // some brokers end the connection at some of these
        const neighbour = await connect("door-b");
        await neighbour.publish(topic("door-b", "health"), bytes("after"));
        await waitFor(() => seen.messages.length > 0);
      }
      expect(seen.messages.filter(({ text }) => text === "x")).toEqual([]);
    });

    it.each([
      ["a neighbour's branch", "bluepost/v1/school-1/door-b/receipt"],
      ["everything", "#"],
      ["all devices", "bluepost/v1/school-1/+/receipt"],
      ["all own leaves", "bluepost/v1/school-1/door-a/#"],
      ["an upward leaf", "bluepost/v1/school-1/door-a/checkins"],
      ["a shared subscription", "$share/group/bluepost/v1/school-1/door-a/receipt"],
      ["the broker's own topics", "$SYS/#"],
    ])("gives a device nothing by a subscription to %s, and grants the others", async (_title, filter) => {
      const { connect, topic, traits, broker, seen } = await open();
      const client = await connect("door-a");
      if (traits.prying === "refused") {
        const granted = await client.subscribe(filter, topic("door-a", "receipt"));
        expect(granted).toEqual([topic("door-a", "receipt")]);
        return;
      }
      await client.subscribe(filter);
      const neighbour = await connect("door-b");
      await client.subscribe(topic("door-a", "desired"));
      await waitFor(() => seen.sessions.length === 2);
      await neighbour.publish(topic("door-b", "checkins"), bytes("secret"));
      broker.send(parseDeviceId("door-b"), "receipt", bytes("secret"));
      await waitFor(() => seen.messages.length === 1, { what: "the gateway to get what the neighbour sent" });
      broker.send(parseDeviceId("door-a"), "desired", bytes("own"));
      await waitFor(() => client.received.some(({ payload }) => Buffer.from(payload).toString() === "own"));
      expect(client.received.filter(({ payload }) => Buffer.from(payload).toString() === "secret")).toEqual([]);
    });

    it("takes no message with QoS 2", async () => {
      const { connect, seen, topic, traits } = await open();
      const client = await connect("door-a");
      if (traits.qos2 === "lowered") {
        await client.publish(topic("door-a", "checkins"), bytes("x"), { qos: 2 });
        await waitFor(() => seen.messages.length === 1);
        return;
      }
      await expect(client.publish(topic("door-a", "checkins"), bytes("x"), { qos: 2 })).rejects.toThrow();
      expect(seen.messages.filter(({ leaf }) => leaf !== "state")).toEqual([]);
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

    it("takes no last will on any other topic", async () => {
      const { connect, traits, seen, topic } = await open();
      const will = { topic: "bluepost/v1/school-1/door-b/state", payload: "x" };
      if (traits.foreignWill === "unheard") {
        (await connect("door-a", { will })).cut();
        const neighbour = await connect("door-b");
        await neighbour.publish(topic("door-b", "health"), bytes("after"));
        await waitFor(() => seen.messages.some(({ text }) => text === "after"));
        expect(seen.messages.map(({ text }) => text)).toEqual(["after"]);
        return;
      }
      await expect(connect("door-a", { will })).rejects.toThrow();
    });

    it("gives a new session of a device the place of the old one", async () => {
      const { connect, seen } = await open();
      const old = await connect("door-a");
      await waitFor(() => seen.sessions.length === 1);
      const fresh = await connect("door-a", { boot: "0badcafe" });
      await waitFor(() => seen.ended.length === 1 && seen.sessions.length === 2);
      expect([old.connected, fresh.connected]).toEqual([false, true]);
      expect(seen.ended[0]).toBe(seen.sessions[0]);
    });

    it("gets a sign of life from a live session, and none from one that hangs or is gone", async () => {
      const { connect, broker, seen, traits } = await open();
      const client = await connect("door-a");
      await waitFor(() => seen.sessions.length === 1);
      const session = seen.sessions[0]!;
      if (!traits.signOfLife) {
        expect(await broker.probe(session, 5_000)).toBe(false);
        return;
      }
      expect(await broker.probe(session, 5_000)).toBe(true);
      client.freeze();
      expect(await broker.probe(session, 300)).toBe(false);
      client.cut();
      await waitFor(() => seen.ended.length === 1);
      expect(await broker.probe(session, 300)).toBe(false);
    });

    it("cuts a device off when told to, and no other", async () => {
      const { connect, broker, seen, traits } = await open();
      const [a, b] = [await connect("door-a"), await connect("door-b")];
      await waitFor(() => seen.sessions.length === 2);
      broker.kick(parseDeviceId("door-a"));
      if (traits.kick === "disconnects") await waitFor(() => !a.connected);
      await waitFor(() => seen.ended.length === 1);
      expect(seen.ended[0]?.device).toBe("door-a");
      expect(b.connected).toBe(true);
    });

    it("says nothing more once closed", async () => {
      const { connect, broker, seen, traits } = await open();
      const client = await connect("door-a", { will: { payload: "bye" } });
      await waitFor(() => seen.sessions.length === 1);
      await broker.close();
      if (traits.kick === "disconnects") await waitFor(() => !client.connected);
      else client.cut();
      expect(seen.messages).toEqual([]);
    });
  });
}

/** The site of every rig. */
export const RIG_SITE = parseSiteId("school-1");
