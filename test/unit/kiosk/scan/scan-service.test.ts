import { expect, it, onTestFinished } from "vitest";
import { DEFAULT_POLICY } from "../../../../kiosk/admission/policy.ts";
import { Visitors } from "../../../../kiosk/admission/visitors.ts";
import { Counters } from "../../../../kiosk/scan/counters.ts";
import { ScanService } from "../../../../kiosk/scan/scan-service.ts";
import { SealingPool } from "../../../../kiosk/scan/sealing-pool.ts";
import { createSealingKeyPair } from "../../../../protocol/checkin/sealing.ts";
import { parseBootId, parseVenueId } from "../../../../protocol/ids.ts";
import type { Credential, QrReading } from "../../../../protocol/qr/reading.ts";
import { type BoottimeMs, MINUTE_MS, SECOND_MS, type WallMs } from "../../../../protocol/units.ts";
import { silentLogger } from "../../../../runtime/log.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { StoreError } from "../../../../runtime/sqlite/database.ts";
import { SteppedClock } from "../../../../sim/clock.ts";
import { VirtualDeviceClock } from "../../../../sim/devices/virtual-device-clock.ts";
import { openTestLedger } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

/** A pass as a phone shows it in one 30-second step. */
function passAt(step: number, id = "0011223344556677"): Credential {
  return {
    kind: "credential",
    format: "BP2",
    scheme: "bp2",
    id,
    evidence: "signed_live",
    vault: null,
    step,
  } as unknown as Credential;
}

async function openDoor() {
  const log = await openTestLedger(tempFolder());
  onTestFinished(() => log.close());
  const [match, vault] = [await createSealingKeyPair(), await createSealingKeyPair()];
  const world = new SteppedClock();
  const boot = { bootId: parseBootId("0a0b0c0d"), wallOffsetMs: 0, state: "ntp", uncertaintyMs: 50 } as const;
  const clock = new VirtualDeviceClock({ startWallMs: 1_800_000_000_000 as WallMs, now: () => world.now() }, boot);
  const door: { hasRoom: boolean; step: number; reads: QrReading | null } = { hasRoom: true, step: 100, reads: null };
  const visitors = new Visitors();
  const scans = new ScanService({
    parse: async () => door.reads ?? passAt(door.step),
    crypto: nodeCrypto,
    clock,
    log,
    append: (rows) => (door.hasRoom ? log.append(rows) : Promise.reject(new StoreError("SQLITE_FULL"))),
    visitors,
    sealing: new SealingPool(nodeCrypto, { match: match.publicKey, vault: vault.publicKey }),
    policy: DEFAULT_POLICY,
    place: { venue: parseVenueId("7k3m9q2x"), gate: 1 },
    counters: new Counters(),
    staff: { act: async () => null, isClosed: false },
    isCutOff: () => false,
    passed: () => {},
    logger: silentLogger,
  });
  const scan = async (): Promise<string | undefined> => {
    const answer = await scans.answer({ bytes: new Uint8Array(1), overflow: false, atMs: 0 as BoottimeMs } as never);
    return answer?.code;
  };
  return { door, world, visitors, scan, addParty: (count: number) => scans.addParty(count) };
}

it("takes a phone's pass again that it had no room to write down", async () => {
  const { door, visitors, scan } = await openDoor();
  door.hasRoom = false;
  expect(await scan()).toBe("fault");
  expect(visitors.inside).toBe(0);
  door.hasRoom = true;
  expect(await scan()).toBe("in_ok");
  expect(visitors.inside).toBe(1);
});

it("takes one step of a pass once", async () => {
  const { door, world, scan } = await openDoor();
  expect(await scan()).toBe("in_ok");
  await world.step(2 * MINUTE_MS);
  expect(await scan()).toBe("expired");
  door.step += 4;
  expect(await scan()).toBe("out_ok");
});

it("goes on asking a visitor for companions while the code still held there is read again", async () => {
  const { world, visitors, scan, addParty } = await openDoor();
  expect(await scan()).toBe("in_ok");
  await world.step(SECOND_MS);
  expect(await scan()).toBeUndefined();
  expect((await addParty(3))?.code).toBe("in_ok");
  expect(visitors.inside).toBe(4);
});

it("takes no number for the last visitor once the screen said something else", async () => {
  const { door, scan, addParty } = await openDoor();
  expect(await scan()).toBe("in_ok");
  door.reads = { kind: "unknown", reason: "unrecognised" };
  expect(await scan()).toBe("unknown_qr");
  expect(await addParty(3)).toBeNull();
  door.reads = passAt(door.step, "8899aabbccddeeff");
  expect(await scan()).toBe("in_ok");
  door.reads = null;
  expect(await scan()).toBeUndefined(); // the first card comes by once more
  expect((await addParty(2))?.credential?.id).toBe("8899aabbccddeeff");
});
