import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { RotatingCode } from "../../../../kiosk/venue-code/rotating-code.ts";
import { toHex } from "../../../../protocol/bytes.ts";
import { nextDayKeys, publishedPeriodKey } from "../../../../protocol/checkin/visitor-tag.ts";
import { temporaryLocationId } from "../../../../protocol/qr/clea.ts";
import { parseVenueCode } from "../../../../protocol/qr/venue-qr.ts";
import { MINUTE_MS, type WallMs } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { openTestLedger } from "../../../support/ledger.ts";
import { tempFolder } from "../../../support/temp.ts";

const { x, y } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const AUTHORITY = `04${[x, y].map((half) => Buffer.from(String(half), "base64url").toString("hex")).join("")}`;
const NINE = Date.UTC(2026, 10, 16, 2) as WallMs;

it("shows one location id for a whole day under texts that change, and another after the turnover", async () => {
  const log = await openTestLedger(tempFolder());
  const code = new RotatingCode(nodeCrypto, log, AUTHORITY);
  const texts = new Set<string>();
  const ids = new Set<string>();
  for (let minute = 0; minute < 60; minute += 1) {
    const text = await code.at((NINE + minute * MINUTE_MS) as WallMs, true);
    const read = parseVenueCode(text ?? "");
    texts.add(text ?? "");
    if (read.kind === "rotating") ids.add(toHex(read.locationId));
  }
  expect(texts.size).toBeGreaterThan(10);
  const published = publishedPeriodKey(nodeCrypto, log.dayKeys.periodKey);
  expect([...ids]).toEqual([toHex(temporaryLocationId(nodeCrypto, published))]);

  await log.saveDayKeys(nextDayKeys(nodeCrypto, log.dayKeys), 20_001);
  const next = parseVenueCode((await code.at((NINE + 60 * MINUTE_MS) as WallMs, true)) ?? "");
  expect(next.kind === "rotating" && ids.has(toHex(next.locationId))).toBe(false);
  await log.close();
});

it("shows no code without a trusted clock or without the authority's key", async () => {
  const log = await openTestLedger(tempFolder());
  expect(await new RotatingCode(nodeCrypto, log, AUTHORITY).at(NINE, false)).toBeNull();
  expect(await new RotatingCode(nodeCrypto, log, undefined).at(NINE, true)).toBeNull();
  await log.close();
});
