import { expect, it } from "vitest";
import { encodeAdvertisement, parseAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { cryptGaenMetadata, GaenExpander, gaenMetadataKey } from "../../protocol/beacon/gaen.ts";
import { matchPublished } from "../../protocol/beacon/match-published.ts";
import { rotationInterval, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { concatBytes, fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import { importVerifyKey } from "../../protocol/cose.ts";
import { openPublished } from "../../protocol/publish/published-file.ts";
import { type Dbm, MINUTE_MS } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { VirtualKiosk } from "../../sim/site/virtual-kiosk.ts";
import { gaenKeyAt } from "../support/radio.ts";
import { tempFolder } from "../support/temp.ts";
import { openVirtualWorld } from "../support/virtual-world.ts";

const CARD = "091090000001||Nguyễn Văn Bé|01011990|Nam|1 Trần Phú|15042021";
const MINUTES = 30;

it("a phone and a token beside a real kiosk are found by their keys, with the visitor who was scanned", async () => {
  const { engine, site, time, wait, close } = await openVirtualWorld(tempFolder(), {
    radio: { plan: { kind: "always" }, observe: ["gaen"] },
  });
  const kiosk = site.kiosks[0] as VirtualKiosk;
  const [token] = await engine.tokens.issue({ count: 1, autoCheckin: true });
  const seed = fromHex(token?.seed ?? "");
  const key = gaenKeyAt(time.wall());
  const ids = new GaenExpander(nodeCrypto).expand(key);
  const phone = (): Uint8Array => {
    const at = 16 * (rotationInterval(time.wall()) - key.rollingStart);
    const id = ids.slice(at, at + 16);
    const plain = Uint8Array.of(0x40, 8, 0, 0);
    const metadata = cryptGaenMetadata(nodeCrypto, gaenMetadataKey(nodeCrypto, key.key), { id, metadata: plain });
    return concatBytes(fromHex("02011a03036ffd17166ffd"), id, metadata);
  };
  const worn = (): Uint8Array =>
    encodeAdvertisement({
      kind: "token",
      id: tokenId(nodeCrypto, seed, rotationInterval(time.wall())),
      txPower: null,
      echo: null,
    });

  await wait(MINUTE_MS);
  await kiosk.scan(utf8(CARD));
  const beacons: { readonly id: Uint8Array; readonly atMs: number }[] = [];
  for (let minute = 0; minute < MINUTES; minute += 1) {
    kiosk.radio?.ear.hear({ payload: phone(), rssi: -58 as Dbm, address: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    kiosk.radio?.ear.hear({ payload: worn(), rssi: -66 as Dbm, address: Uint8Array.of(6, 5, 4, 3, 2, 1) });
    const sent = parseAdvertisement(kiosk.radio?.beacon.onAir ?? new Uint8Array(0));
    if (sent?.kind === "kiosk") beacons.push({ id: sent.id, atMs: time.wall() });
    await wait(MINUTE_MS);
  }
  await kiosk.scan(utf8(CARD));
  await wait(30 * MINUTE_MS);

  const { id } = await engine.addCase({ documents: [{ scheme: "cccd", id: "091090000002" }], onset: "2026-11-16" });
  const { rollingStart, rollingPeriod } = key;
  await engine.radio.addCaseKeys(id, [{ scheme: "gaen", key: toHex(key.key), rollingStart, rollingPeriod }]);
  const trace = await engine.trace(id);
  expect(trace.heard).toMatchObject([{ venue: "7k3m9q2x", schemes: ["gaen"], txPower: 8, rssiMax: -58 }]);
  expect(trace.heard[0]?.minutes).toBeGreaterThan(MINUTES - 5);
  const visitor = engine.personOf({ scheme: "cccd", id: "091090000001" });
  const met = trace.contacts.filter(({ minutesCertain }) => minutesCertain > MINUTES - 5);
  expect(new Set(met.map(({ person }) => person))).toEqual(new Set([visitor, token?.person]));
  expect(met.every(({ beside }) => beside === "radio")).toBe(true);
  expect(trace.tokens).toMatchObject([{ person: token?.person, rssiMax: -66 }]);

  await engine.publishCase(id);
  await engine.publisher.makeFile();
  const verify = await importVerifyKey(engine.publisher.publicKey);
  const file = await openPublished((await engine.publisher.file(1)) ?? new Uint8Array(0), verify);
  const heard = beacons.map((one) => ({ kind: "beacon" as const, ...one }));
  expect(beacons.length).toBe(MINUTES);
  expect(new Set(matchPublished(nodeCrypto, [file], heard).map(({ sighting }) => sighting)).size).toBe(MINUTES);
  await close();
});
