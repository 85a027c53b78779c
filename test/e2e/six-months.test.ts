import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createEngine, issueSiteBundle, loadEngineConfig } from "../../engine/app.ts";
import {
  addDevice,
  createGateway,
  createGatewayIdentity,
  type DoorPlan,
  EngineUnreachableError,
  loadGatewayConfig,
  SiteRegistry,
} from "../../gateway/app.ts";
import { auditSpools } from "../../gateway/audit/audit.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { parseDeviceId, parseSiteId, parseVenueId } from "../../protocol/ids.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../protocol/units.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { Database } from "../../runtime/sqlite/database.ts";
import { MemoryNetwork } from "../../sim/network/memory-network.ts";
import { createRng } from "../../sim/rng.ts";
import { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { dumpEngine } from "../support/engine-dump.ts";
import { LeapTime } from "../support/leap-time.ts";
import { tempFolder } from "../support/temp.ts";
import { waitFor } from "../support/wait-for.ts";

const START = Date.UTC(2026, 4, 1, 1) as WallMs; // eight in the morning in Vietnam
const DAYS = 182;
const RETENTION_DAYS = 21;
const STEP_DAYS = 4;
const REVOKED_DAY = 100;
const VENUE = parseVenueId("7k3m9q2x");
const SITE = parseSiteId("school-1");

const person = (n: number): { readonly id: string; readonly payload: Uint8Array } => {
  const id = `091090${String(n).padStart(6, "0")}`;
  return { id, payload: utf8(`${id}||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021`) };
};

it("six months without the engine: what is younger than the retention arrives once, the rest is named and counted", async () => {
  const [time, rng, folder] = [new LeapTime(START), createRng("six months"), tempFolder()];
  const now = (): WallMs => time.wall();
  const engineDir = join(folder, "engine");
  const engine = await createEngine({
    config: loadEngineConfig({ env: {}, flags: [`dataDir=${engineDir}`] }),
    now,
    log: silentLogger,
    crypto: nodeCrypto,
  });
  onTestFinished(() => engine.close());
  await engine.putVenue({ venue: VENUE, name: "School", type: "other", closingHour: null });

  // a site whose gateway reaches no engine
  let isCut = true;
  const reach = <Result>(ask: () => Promise<Result>): Promise<Result> =>
    isCut ? Promise.reject(new EngineUnreachableError("no internet")) : ask();
  const dataDir = join(folder, "gateway");
  mkdirSync(dataDir);
  const bundle = await issueSiteBundle(engine.keys, { crypto: nodeCrypto, site: SITE, nowMs: START });
  const identity = await createGatewayIdentity(bundle, START);
  const registry = await SiteRegistry.open(join(dataDir, "registry.db"));
  const told = new Map<string, number>(); // health messages of each kiosk: the last thing that it does each half minute
  const network = new MemoryNetwork((topic) => {
    if (topic.endsWith("/health")) told.set(topic, (told.get(topic) ?? 0) + 1);
  });
  const gateway = await createGateway({
    config: loadGatewayConfig({ env: {}, flags: [`dataDir=${dataDir}`] }),
    identity,
    registry,
    broker: network.broker,
    engine: {
      postBatches: (batches) => reach(async () => (await engine.ingest(batches)).results),
      postRevocations: (list) => reach(async () => engine.takeRevocations(list)).then(() => null),
    },
    crypto: nodeCrypto,
    now,
    timers: time,
    random: () => rng.next(),
    log: silentLogger,
  });
  onTestFinished(async () => {
    await gateway.close();
    await registry.close();
  });
  const open = async (name: string, driftPpm: number): Promise<VirtualKiosk> => {
    const place = { venue: VENUE, venueName: "School", gate: 1, gatewayHost: "localhost", gatewayPort: 8883 };
    const plan: DoorPlan = { ...place, device: parseDeviceId(name) };
    const kiosk = await VirtualKiosk.open({
      folder: join(folder, name),
      bundle: await addDevice({ identity, registry, nowMs: START }, plan),
      door: {
        device: name,
        venue: VENUE,
        venueName: "School",
        clock: { wallOffsetMs: null, state: "unsynced", uncertaintyMs: 0 }, // woke up in 1970, as a Pi does
        driftPpm,
      },
      time,
      network,
      rng: rng.fork(name),
      log: silentLogger,
    });
    onTestFinished(() => kiosk.close());
    return kiosk;
  };
  const [stays, stolen] = [await open("door-1", 80), await open("door-2", -80)];

  const rest = async (): Promise<void> => {
    for (let calm = 0; calm < 3; ) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      await gateway.idle();
      const isBusy = [stays, stolen].some((kiosk) => kiosk.isBusy);
      calm = network.underWay === 0 && !isBusy ? calm + 1 : 0;
    }
  };
  const pass = async (ms: number): Promise<void> => {
    const until = time.now() + ms;
    while (time.now() < until) {
      const awaited = [stays, stolen].filter(({ status }) => status.online).map(({ device }) => `${device}/health`);
      const before = awaited.map((topic) => told.get(topic) ?? 0);
      const leapMs = Math.min(until - time.now(), 23 * HOUR_MS);
      time.leapTo(time.now() + leapMs);
      if (leapMs >= MINUTE_MS)
        await waitFor(() => awaited.every((topic, at) => (told.get(topic) ?? 0) > (before[at] ?? 0)), {
          what: "the kiosks",
        });
      await rest();
    }
  };

  await pass(HOUR_MS); // the gateway has told both what time it is
  const visits: number[] = [];
  for (let day = 0; day < DAYS; day += STEP_DAYS) {
    for (const [at, kiosk] of [stays, stolen].entries()) {
      const answer = await kiosk.scan(person(at).payload);
      if (kiosk.status.online) expect(answer?.code).toBe("in_ok");
    }
    visits.push(time.now());
    await pass(HOUR_MS);
    for (const [at, kiosk] of [stays, stolen].entries()) {
      const answer = await kiosk.scan(person(at).payload);
      if (kiosk.status.online) expect(answer?.code).toBe("out_ok");
    }
    await rest();
    if (day === REVOKED_DAY) {
      await registry.revoke(parseDeviceId("door-2"), now(), "stolen");
      await pass(2_000);
      expect([stolen.status.online, stays.status.online]).toEqual([false, true]);
    }
    await pass(STEP_DAYS * DAY_MS - HOUR_MS - (day === REVOKED_DAY ? 2_000 : 0));
  }
  expect((await engine.stats()).rows).toBe(0);
  expect(stays.status.confirmedUpto).toBe(0);

  isCut = false;
  for (let hour = 0; hour < 48 && !stays.isAtRest(); hour += 1) await pass(HOUR_MS);
  await pass(HOUR_MS);
  await engine.settle();
  expect(stays.isAtRest()).toBe(true);

  const young = visits.filter((at) => time.now() - at < RETENTION_DAYS * DAY_MS).length;
  const seen = await engine.visits([engine.personOf({ scheme: "cccd", id: person(0).id })]);
  expect(seen.length).toBe(young);
  const wrongMs = seen.map(({ from }, at) => Math.abs((from ?? 0) - START - (visits.at(at - young) ?? 0)));
  expect(Math.max(...wrongMs)).toBeLessThan(5 * 60_000); // within what the row says of its own uncertainty
  expect(await engine.visits([engine.personOf({ scheme: "cccd", id: person(1).id })])).toEqual([]);
  const dump = await dumpEngine(engineDir, ["streams", "rejections", "events"]);
  const named = (row: unknown): string => {
    const { epoch, seq, place_seq: place = seq } = row as { epoch: string; seq?: number; place_seq?: number };
    return `${epoch} ${place}`;
  };
  const [kept, expired] = [dump["events"] ?? [], dump["rejections"] ?? []];
  expect(kept.filter((row) => (row as { person: string }).person !== "")).toHaveLength(2 * young);
  expect(new Set([...kept, ...expired].map(named)).size).toBe(kept.length + expired.length);
  expect((await engine.stats()).rejected).toEqual({ expired: expired.length });
  expect(expired.length).toBeGreaterThan(2 * (visits.length - young));
  for (const row of dump["streams"] ?? []) {
    const { upto, received, tombstoned } = row as { upto: number; received: string; tombstoned: string };
    expect([received, tombstoned]).toEqual([`[[1,${upto}]]`, "[]"]);
  }

  const spool = await Database.open({ file: join(dataDir, "spool.db"), readOnly: true });
  const audit = await auditSpools(spool);
  await spool.close();
  expect([audit.missing, audit.quarantined]).toEqual([0, []]);
  expect(audit.days.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(0);
});
