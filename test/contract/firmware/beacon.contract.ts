import { describe, expect, it, onTestFinished } from "vitest";
import type { BeaconRx, BeaconTx, Sighting } from "../../../firmware/ports/beacon.ts";
import { concatBytes, toHex } from "../../../protocol/bytes.ts";
import type { Dbm } from "../../../protocol/units.ts";
import { waitFor } from "../../support/wait-for.ts";

const until = (holds: () => boolean): Promise<unknown> => waitFor(holds, { everyMs: 2 });

/** One beacon, an ear beside it, and a hand on its plug. */
export interface BeaconTxRig {
  readonly tx: BeaconTx;
  /** Advertising data that is in the air now; null when the beacon is silent. */
  onAir(): Uint8Array | null;
  unplug(): void;
  plug(): void;
  close(): Promise<void> | void;
}

/** One ear, and a mouth beside it. */
export interface BeaconRxRig {
  readonly rx: BeaconRx;
  /** Sends it once or more often. @param address 6 bytes */
  say(sent: { readonly payload: Uint8Array; readonly rssi: Dbm; readonly address: Uint8Array }): void | Promise<void>;
  /** Whether what is said now reaches the adapter: a process of its own ends listening some time after it was told to. */
  listens(): boolean;
  /** Decibels by which the heard signal may differ from the sent one. */
  readonly tolerance: number;
  unplug(): void;
  plug(): void;
  close(): Promise<void> | void;
}

const FLAGS = Uint8Array.of(2, 1, 6);
/** Manufacturer data of a made-up company, `length` bytes in all. */
function advertisement(length: number, fill: number): Uint8Array {
  const body = new Uint8Array(length - FLAGS.length - 4).fill(fill);
  return concatBytes(FLAGS, Uint8Array.of(body.length + 3, 0xff, 0xff, 0xff), body);
}
const hex = (bytes: Uint8Array | null | undefined): string => (bytes ? toHex(bytes) : "silent");
const lost = expect.objectContaining({ code: "FW_RADIO_LOST" });

/** Every BeaconTx, real or simulated, passes this; run it once per adapter. */
export function describeBeaconTx(adapter: string, makeRig: () => Promise<BeaconTxRig> | BeaconTxRig): void {
  const rig = async (): Promise<BeaconTxRig> => {
    const made = await makeRig();
    onTestFinished(async () => {
      await made.tx.close();
      await made.close();
    });
    return made;
  };

  describe(`BeaconTx contract: ${adapter}`, () => {
    it.each([30, 31])("sends %i bytes exactly as given", async (length) => {
      const { tx, onAir } = await rig();
      await tx.advertise(advertisement(length, 0x5a));
      await until(() => hex(onAir()) === hex(advertisement(length, 0x5a)));
      expect(tx.status().present).toBe(true);
    });

    it("says that it does not send before it was told what", async () => {
      const { tx } = await rig();
      const status = tx.status();
      expect(status.present ? "" : status.reason).toMatch(/\w+ \w+/);
    });

    it("replaces what it sends, again and again, whatever the caller does with his bytes", async () => {
      const { tx, onAir } = await rig();
      for (const fill of [1, 2, 3, 4]) {
        const payload = advertisement(30, fill);
        await tx.advertise(payload);
        payload.fill(0);
        await until(() => hex(onAir()) === hex(advertisement(30, fill)));
        expect(tx.status().present).toBe(true);
      }
    });

    it.each([0, 32, 40])("refuses %i bytes and goes on with what it sent", async (length) => {
      const { tx, onAir } = await rig();
      await tx.advertise(advertisement(30, 7));
      await expect(tx.advertise(new Uint8Array(length).fill(1))).rejects.toThrow(
        expect.objectContaining({ code: "PROTO_OUT_OF_RANGE" }),
      );
      await until(() => hex(onAir()) === hex(advertisement(30, 7)));
      expect(tx.status().present).toBe(true);
    });

    it("falls silent, says so, and can be told to send again", async () => {
      const { tx, onAir } = await rig();
      await tx.advertise(advertisement(30, 1));
      await tx.stop();
      await until(() => onAir() === null);
      expect(tx.status().present).toBe(false);
      await tx.advertise(advertisement(30, 2));
      await until(() => hex(onAir()) === hex(advertisement(30, 2)));
    });

    it("says that the radio is gone, refuses meanwhile, and sends again when told after its return", async () => {
      const { tx, onAir, unplug, plug } = await rig();
      await tx.advertise(advertisement(30, 1));
      unplug();
      await until(() => !tx.status().present);
      await expect(tx.advertise(advertisement(30, 2))).rejects.toThrow(lost);
      plug();
      await until(() => onAir() === null || hex(onAir()) === hex(advertisement(30, 1)));
      await waitFor(() =>
        tx.advertise(advertisement(30, 3)).then(
          () => true,
          () => false,
        ),
      );
      await until(() => hex(onAir()) === hex(advertisement(30, 3)));
      expect(tx.status().present).toBe(true);
    });

    it("is silent when it was closed, also twice", async () => {
      const { tx, onAir } = await rig();
      await tx.advertise(advertisement(30, 1));
      await tx.close();
      await tx.close();
      await until(() => onAir() === null);
      expect(tx.status().present).toBe(false);
    });
  });
}

const ANNA = Uint8Array.of(0xc1, 2, 3, 4, 5, 6);
const BERT = Uint8Array.of(0xc6, 5, 4, 3, 2, 1);

function listen(rx: BeaconRx): { heard: Sighting[]; stop: () => Promise<void> } {
  const heard: Sighting[] = [];
  const end = new AbortController();
  const reading = (async () => {
    for await (const sighting of rx.sightings(end.signal)) heard.push(sighting);
  })();
  const stop = async (): Promise<void> => {
    end.abort();
    await reading;
  };
  onTestFinished(stop);
  return { heard, stop };
}

/** Every BeaconRx, real or simulated, passes this; run it once per adapter. */
export function describeBeaconRx(adapter: string, makeRig: () => Promise<BeaconRxRig> | BeaconRxRig): void {
  const rig = async (): Promise<BeaconRxRig> => {
    const made = await makeRig();
    onTestFinished(() => made.close());
    return made;
  };
  /** Says it until it is heard. */
  const sayUntil = (
    made: BeaconRxRig,
    sent: Parameters<BeaconRxRig["say"]>[0],
    heard: () => boolean,
  ): Promise<unknown> =>
    waitFor(
      async () => {
        if (!heard()) await made.say(sent);
        return heard();
      },
      { everyMs: 5 },
    );
  const has = (heard: readonly Sighting[], payload: Uint8Array): boolean =>
    heard.some((one) => hex(one.payload) === hex(payload));

  describe(`BeaconRx contract: ${adapter}`, () => {
    it("hears the exact bytes, the sender and the signal", async () => {
      const made = await rig();
      const { heard } = listen(made.rx);
      const payload = advertisement(31, 0x11);
      await sayUntil(made, { payload, rssi: -61 as Dbm, address: ANNA }, () => has(heard, payload));
      const one = heard.find((sighting) => hex(sighting.payload) === hex(payload));
      expect(hex(one?.address)).toBe(hex(ANNA));
      expect(Math.abs((one?.rssi ?? 0) + 61)).toBeLessThanOrEqual(made.tolerance);
      expect(one?.folded === undefined || one.folded.n > 1).toBe(true);
      expect(made.rx.status().present).toBe(true);
    });

    it("hears the same sender again and again, in order of boot time", async () => {
      const made = await rig();
      const { heard } = listen(made.rx);
      const count = (): number => heard.reduce((sum, { folded }) => sum + (folded?.n ?? 1), 0);
      const payload = advertisement(30, 0x22);
      await waitFor(async () => {
        if (count() < 4) await made.say({ payload, rssi: -70 as Dbm, address: ANNA });
        return count() >= 4;
      });
      const times = heard.map(({ at }) => at.boottimeMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times.every(Number.isSafeInteger)).toBe(true);
    });

    it("never mixes what one sender says now with what it said before", async () => {
      const made = await rig();
      const { heard } = listen(made.rx);
      const first = advertisement(30, 0x33);
      const gaen = Uint8Array.of(3, 3, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd, ...new Uint8Array(20).fill(9));
      await sayUntil(made, { payload: first, rssi: -70 as Dbm, address: ANNA }, () => has(heard, first));
      await sayUntil(made, { payload: gaen, rssi: -70 as Dbm, address: ANNA }, () => has(heard, gaen));
      const said = new Set([hex(first), hex(gaen)]);
      expect(heard.map(({ payload }) => hex(payload)).filter((one) => !said.has(one))).toEqual([]);
    });

    it("tells two senders of one payload apart", async () => {
      const made = await rig();
      const { heard } = listen(made.rx);
      const payload = advertisement(30, 0x44);
      const from = (address: Uint8Array) => () => heard.some((one) => hex(one.address) === hex(address));
      await sayUntil(made, { payload, rssi: -70 as Dbm, address: ANNA }, from(ANNA));
      await sayUntil(made, { payload, rssi: -71 as Dbm, address: BERT }, from(BERT));
      expect(heard.length).toBeGreaterThanOrEqual(2);
    });

    it("survives what no sender should say", async () => {
      const made = await rig();
      const { heard } = listen(made.rx);
      for (const odd of [Uint8Array.of(0xff), Uint8Array.of(0, 0, 0), Uint8Array.of(31, 0xff, 1, 2), FLAGS])
        await made.say({ payload: odd, rssi: -70 as Dbm, address: BERT });
      const sound = advertisement(30, 0x55);
      await sayUntil(made, { payload: sound, rssi: -70 as Dbm, address: ANNA }, () => has(heard, sound));
    });

    it("ends when the caller aborts, and listens again later without what was said meanwhile", async () => {
      const made = await rig();
      const first = listen(made.rx);
      const before = advertisement(30, 0x66);
      await sayUntil(made, { payload: before, rssi: -70 as Dbm, address: ANNA }, () => has(first.heard, before));
      await first.stop();
      await until(() => !made.listens());
      const meanwhile = advertisement(30, 0x67);
      await made.say({ payload: meanwhile, rssi: -70 as Dbm, address: ANNA });
      const second = listen(made.rx);
      const after = advertisement(30, 0x68);
      await sayUntil(made, { payload: after, rssi: -70 as Dbm, address: BERT }, () => has(second.heard, after));
      expect(has(second.heard, meanwhile)).toBe(false);
    });

    it("says that the radio is gone, and hears again when it is back", async () => {
      const made = await rig();
      const { heard } = listen(made.rx);
      made.unplug();
      await until(() => !made.rx.status().present);
      const status = made.rx.status();
      expect(status.present ? "" : status.reason).toMatch(/\w+ \w+/);
      made.plug();
      await until(() => made.rx.status().present);
      const payload = advertisement(30, 0x77);
      await sayUntil(made, { payload, rssi: -70 as Dbm, address: ANNA }, () => has(heard, payload));
    });

    it("hears nothing when the signal has aborted already", async () => {
      const made = await rig();
      const heard: Sighting[] = [];
      for await (const sighting of made.rx.sightings(AbortSignal.abort())) heard.push(sighting);
      expect(heard).toEqual([]);
    });
  });
}
