import { beforeEach, expect, it, onTestFinished } from "vitest";
import type { DeviceClock, DeviceTime } from "../../../../firmware/ports/device-clock.ts";
import { ClockDesk } from "../../../../kiosk/clock/clock-desk.ts";
import type { SqliteCheckinLog } from "../../../../kiosk/ledger/sqlite-checkin-log.ts";
import { fromHex } from "../../../../protocol/bytes.ts";
import type { ClockState } from "../../../../protocol/checkin/record.ts";
import { encodeSignedTime } from "../../../../protocol/checkin/signed-time.ts";
import { signCose1 } from "../../../../protocol/cose.ts";
import { parseVenueId } from "../../../../protocol/ids.ts";
import type { BoottimeMs, WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { StoreError } from "../../../../runtime/sqlite/database.ts";
import { signingPair } from "../../../support/fake-engine.ts";
import { draft, openTestLedger, testBoot } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const START_MS = 1_800_000_000_000;

/** A machine's clock that a test sets, as chrony or a technician does. */
class HandClock implements DeviceClock {
  state: ClockState = "unsynced";
  boottimeMs = 30_000;

  now(): DeviceTime {
    const { state, boottimeMs } = this;
    const wallMs = (state === "unsynced" ? 0 : START_MS) + boottimeMs;
    return {
      bootId: testBoot,
      boottimeMs: boottimeMs as BoottimeMs,
      wallMs: wallMs as WallMs,
      state,
      uncertaintyMs: 40,
    };
  }

  adjust(): void {
    this.state = "gateway";
  }
}

let clock: HandClock;
let log: SqliteCheckinLog;
let desk: ClockDesk;
let hasRoom: boolean;
/** When the desk said that the time is known, in boot time. */
let known: number[];
/** Answers what the desk asks the gateway. */
let gateway: () => Promise<void>;

beforeEach(async () => {
  clock = new HandClock();
  hasRoom = true;
  known = [];
  log = await openTestLedger(tempFolder());
  onTestFinished(() => log.close());
  const keys = await signingPair();
  let nonce: Uint8Array = new Uint8Array(0);
  desk = new ClockDesk({
    crypto: nodeCrypto,
    transport: {
      open: async () => {},
      publish: async (_, payload) => {
        nonce = fromHex(JSON.parse(Buffer.from(payload).toString()).nonce);
      },
      close: async () => {},
    },
    gatewayKey: keys.verify,
    clock,
    log,
    place: { venue: parseVenueId("7k3m9q2x"), gate: 1 },
    append: (rows) => (hasRoom ? log.append(rows) : Promise.reject(new StoreError("SQLITE_FULL"))),
    written: () => {},
    told: () => desk.tick(clock.now()),
    known: async () => void known.push(clock.boottimeMs),
    logger: silentLogger,
  });
  gateway = async () => {
    await desk.ask();
    const time = { nonce, timeMs: (START_MS + clock.boottimeMs) as WallMs, uncertaintyMs: 5 };
    await desk.answer(await signCose1(encodeSignedTime(time), { key: keys.sign, x5chain: [] }));
  };
});

/** So much later the desk looks again. */
function tick(ms = 30_000): Promise<void> {
  clock.boottimeMs += ms;
  return desk.tick(clock.now());
}

async function scan(): Promise<void> {
  await log.append([{ draft: draft({ clock: clock.state }), tag: null, seal: null }]);
}

async function anchors(): Promise<readonly string[]> {
  const rows = await log.read(1, 100);
  return rows.filter(({ record }) => record.kind === "anchor").map(({ record }) => record.clock);
}

it.each(["unsynced", "rtc"] as const)(
  "leaves one anchor for what was written while the clock was %s, when chrony has set it",
  async (state) => {
    clock.state = state;
    await tick();
    await scan();
    await tick();
    expect(await anchors()).toEqual([]);
    clock.state = "ntp";
    for (let times = 0; times < 3; times += 1) await tick();
    expect(await anchors()).toEqual(["ntp"]);
    const at = (await log.read(2, 1))[0]?.record;
    expect(at).toMatchObject({ boot: testBoot, wallMs: START_MS + (at?.boottimeMs ?? 0), uncertaintyMs: 40 });
  },
);

it("leaves none where nothing was written before the clock was sure, nor when it was sure from the start", async () => {
  await tick();
  clock.state = "ntp";
  for (let times = 0; times < 5; times += 1) {
    await tick();
    await scan();
  }
  expect(await anchors()).toEqual([]);
});

it("leaves one when rows are of a run before this one in the same boot, or came while chrony had lost its servers", async () => {
  desk.owe();
  clock.state = "ntp";
  await tick();
  expect(await anchors()).toEqual(["ntp"]);
  clock.state = "unsynced";
  await tick();
  await scan();
  clock.state = "ntp";
  await tick();
  expect(await anchors()).toEqual(["ntp"]); // it dates these too
});

it("leaves no second one beside the gateway's", async () => {
  await tick();
  await scan();
  await gateway();
  await tick();
  await scan();
  await tick();
  expect(await anchors()).toEqual(["gateway"]);
});

it("makes up for an anchor that a full card had no room for", async () => {
  await tick();
  await scan();
  hasRoom = false;
  await gateway();
  await tick();
  hasRoom = true;
  await tick();
  await tick();
  expect(await anchors()).toEqual(["gateway"]);
});

it("says once when the time is known", async () => {
  await tick();
  expect(known).toEqual([]);
  clock.state = "rtc";
  await tick();
  clock.state = "unsynced";
  await tick();
  clock.state = "ntp";
  await tick();
  expect(known).toEqual([90_000]);
});
