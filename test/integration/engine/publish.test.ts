import { describe, expect, it } from "vitest";
import type { Engine } from "../../../engine/app.ts";
import { matchPublished, type PhoneSighting } from "../../../protocol/beacon/match-published.ts";
import { beaconId, rotationInterval } from "../../../protocol/beacon/rotating-id.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { importVerifyKey } from "../../../protocol/cose.ts";
import { parseVenueId } from "../../../protocol/ids.ts";
import { openPublished, PUBLISHED_PATH, type PublishedFile } from "../../../protocol/publish/published-file.ts";
import { temporaryLocationId } from "../../../protocol/qr/clea.ts";
import { parseVenueCode } from "../../../protocol/qr/venue-qr.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type WallMs } from "../../../protocol/units.ts";
import { nodeCrypto } from "../../../runtime/node-crypto.ts";
import { makeDevice, type RowDraft, TEST_NOW } from "../../support/batches.ts";
import { openTestEngine } from "../../support/engines.ts";
import { gaenKeyAt } from "../../support/radio.ts";

const AT = TEST_NOW - HOUR_MS;
const an = { scheme: "cccd", id: "001099000001" } as const;
const at = (minutes: number): WallMs => (AT + minutes * MINUTE_MS) as WallMs;
const keyRow = (key: Uint8Array, atMs: number): RowDraft => ({
  kind: "presence",
  who: { scheme: "venue", id: toHex(key) },
  wallMs: atMs as WallMs,
});
const heard = (key: Uint8Array, atMs: number): PhoneSighting => ({
  kind: "beacon",
  atMs,
  id: beaconId(nodeCrypto, key, rotationInterval(atMs)),
});
const scanned = (key: Uint8Array, atMs: number): PhoneSighting => ({
  kind: "screen",
  atMs,
  locationId: temporaryLocationId(nodeCrypto, key),
});

async function fileOf(engine: Engine, url: string, number: number): Promise<PublishedFile> {
  const bytes = new Uint8Array(await (await fetch(`${url}${PUBLISHED_PATH}/${number}`)).arrayBuffer());
  return openPublished(bytes, await importVerifyKey(engine.publisher.publicKey));
}

describe("published files", () => {
  it("reach phones that were where the case was, by beacon, screen or poster, and no others", async () => {
    const { engine, authority, clock } = await openTestEngine();
    const { url } = await engine.listen();
    const [front, back, elsewhere, yesterday] = [1, 2, 3, 4].map((n) => new Uint8Array(32).fill(n)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const doors = [
      await makeDevice(authority, { device: "door-a" }),
      await makeDevice(authority, { device: "door-b", gate: 2 }),
      await makeDevice(authority, { device: "door-c", venue: "0000000z" }),
    ] as const;
    const morning = AT - 2 * HOUR_MS;
    await engine.ingest([
      (
        await doors[0].batch([
          keyRow(yesterday, morning - DAY_MS),
          keyRow(front, morning),
          { who: an, wallMs: at(5) },
          { who: an, kind: "out", wallMs: at(25) },
        ])
      ).bytes,
      (await doors[1].batch([keyRow(back, morning)])).bytes,
      (await doors[2].batch([keyRow(elsewhere, morning)])).bytes,
    ]);
    const poster = parseVenueCode(await engine.publisher.makePoster(parseVenueId("7k3m9q2x")));
    const { id } = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    expect(await engine.publishCase(id)).toEqual({ added: 3, unreachable: [] });
    expect(await engine.publishCase(id)).toEqual({ added: 0, unreachable: [] });
    expect(await engine.publisher.makeFile()).toMatchObject({ number: 1 });
    expect(await engine.publisher.makeFile()).toBeNull();

    const file = await fileOf(engine, url, 1);
    const sightings: readonly PhoneSighting[] = [
      heard(front, at(10)),
      scanned(front, at(10)),
      heard(back, at(10)),
      scanned(elsewhere, at(10)),
      heard(yesterday, at(10) - DAY_MS),
      scanned(front, at(-120)),
      { kind: "poster", seed: poster.kind === "poster" ? poster.seed : new Uint8Array(16), atMs: at(12) },
    ];
    const matches = matchPublished(nodeCrypto, [file], sightings);
    const matched = new Set(matches.map(({ sighting }) => sightings.indexOf(sighting)));
    expect([...matched].sort()).toEqual([0, 1, 2, 6]);
    const keyOf = (n: number): string =>
      toHex(matches.find((one) => one.sighting === sightings[n])?.entry.key ?? front);
    expect([keyOf(0), keyOf(1), keyOf(2)]).toEqual([toHex(front), toHex(front), toHex(back)]);

    clock.nowMs += HOUR_MS;
    await engine.publisher.makeFile();
    const next = await fileOf(engine, url, 2);
    const first = (await engine.publisher.file(1)) ?? new Uint8Array(0);
    expect(next.previous).toEqual(nodeCrypto.sha256(first));
    expect(next.entries).toHaveLength(64);
    expect(matchPublished(nodeCrypto, [next], sightings)).toEqual([]);
    expect(await (await fetch(`${url}${PUBLISHED_PATH}`)).json()).toMatchObject({
      files: [{ number: 1 }, { number: 2 }],
    });
    for (const path of ["3", "0", "x", "1x"]) {
      expect((await fetch(`${url}${PUBLISHED_PATH}/${path}`)).status).toBe(404);
    }
  });

  it("hold phone keys only when their owner agreed, and name venues that cannot be reached", async () => {
    const { engine, authority } = await openTestEngine();
    const { url } = await engine.listen();
    const door = await makeDevice(authority);
    await engine.ingest([
      (
        await door.batch([
          { who: an, wallMs: at(5) },
          { who: an, kind: "out", wallMs: at(25) },
        ])
      ).bytes,
    ]);
    const { id } = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    const [shared, own] = [gaenKeyAt(AT), gaenKeyAt(AT)];
    const item = ({ key, ...rolling }: typeof own, publish: boolean): object => ({
      scheme: "gaen",
      key: toHex(key),
      ...rolling,
      publish,
    });
    await engine.radio.addCaseKeys(id, [item(shared, true), item(own, false)]);
    expect(await engine.publishCase(id)).toEqual({ added: 1, unreachable: ["7k3m9q2x"] });
    await engine.publisher.makeFile();
    const keys = (await fileOf(engine, url, 1)).entries.map(({ key }) => toHex(key));
    expect([keys.includes(toHex(shared.key)), keys.includes(toHex(own.key))]).toEqual([true, false]);
  });

  it("cover both keys when the case was there at the turnover", async () => {
    const four = Date.UTC(2026, 10, 15, 21); // 04:00 in Vietnam, five hours before TEST_NOW
    const { engine, authority } = await openTestEngine();
    const { url } = await engine.listen();
    const [before, after] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const door = await makeDevice(authority);
    const rows: RowDraft[] = [
      keyRow(before, four - 10 * HOUR_MS),
      { who: an, wallMs: (four - HOUR_MS) as WallMs },
      keyRow(after, four + 10_000),
      { who: an, kind: "out", wallMs: (four + HOUR_MS) as WallMs },
    ];
    await engine.ingest([(await door.batch(rows)).bytes]);
    const { id } = await engine.addCase({ documents: [an], onset: "2026-11-16" });
    await engine.publishCase(id);
    await engine.publisher.makeFile();
    const file = await fileOf(engine, url, 1);
    const sightings = [heard(before, four - 30 * MINUTE_MS), scanned(after, four + 30 * MINUTE_MS)];
    expect(new Set(matchPublished(nodeCrypto, [file], sightings).map(({ sighting }) => sighting)).size).toBe(2);
  });

  it("go with their retention, and the chain goes on", async () => {
    const { engine, clock } = await openTestEngine();
    await engine.publisher.makeFile();
    clock.nowMs += HOUR_MS;
    await engine.publisher.makeFile();
    clock.nowMs += 22 * DAY_MS;
    await engine.prune();
    expect(await engine.publisher.files()).toMatchObject([{ number: 2 }]);
    expect(await engine.publisher.makeFile()).toMatchObject({ number: 3 });
  });
});
