import { decodeCbor, encodeCbor } from "../../protocol/cbor.ts";
import type { DayKeys } from "../../protocol/checkin/visitor-tag.ts";
import { MalformedError } from "../../protocol/errors.ts";
import { type Epoch, parseEpoch } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { Watermark } from "./checkin-log.ts";

/** Hardware that a ledger belongs to; a difference at open means a copied or restored card. Empty text when unknown. */
export interface LedgerHome {
  readonly socSerial: string;
  readonly cardCid: string;
}

/** Everything that a ledger knows besides its rows. */
export interface Facts {
  readonly epoch: Epoch;
  readonly home: LedgerHome;
  readonly watermark: Watermark;
  /** The batch that ends right before the first row that is still here: where numbering and chain go on from when none is. */
  readonly floor: Watermark;
  readonly dayKeys: DayKeys;
  readonly dayKeysDay: number | null;
}

const FACT_NAMES = ["epoch", "home", "watermark", "floor", "day-keys"] as const;
export type FactName = (typeof FACT_NAMES)[number];

function encodedValue(name: FactName, facts: Facts): unknown {
  switch (name) {
    case "epoch":
      return facts.epoch;
    case "home":
      return [facts.home.socSerial, facts.home.cardCid];
    case "watermark":
      return [facts.watermark.upto, facts.watermark.hash];
    case "floor":
      return [facts.floor.upto, facts.floor.hash];
    case "day-keys": {
      const { n, tagKey, previousTagKey, periodKey, previousPeriodKey } = facts.dayKeys;
      return [n, tagKey, previousTagKey, periodKey, previousPeriodKey, facts.dayKeysDay];
    }
  }
}

/** Writes the named facts. */
export async function writeFacts(sql: Sql, facts: Facts, names: readonly FactName[] = FACT_NAMES): Promise<void> {
  for (const name of names) {
    await sql.run(
      "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [name, encodeCbor(encodedValue(name, facts))],
    );
  }
}

/** Reads the facts; null when the ledger is new. @throws {MalformedError} PROTO_MALFORMED when one is damaged */
export async function readFacts(sql: Sql): Promise<Facts | null> {
  const rows = await sql.all<{ name: string; value: Uint8Array }>("SELECT name, value FROM facts");
  if (rows.length === 0) return null;
  const values = new Map(rows.map(({ name, value }) => [name, decodeCbor(new Uint8Array(value))]));
  const [socSerial, cardCid] = list(values, "home", 2) as [string, string];
  const [upto, hash] = list(values, "watermark", 2) as [number, Uint8Array];
  const [floorSeq, floorHash] = list(values, "floor", 2) as [number, Uint8Array];
  const keys = list(values, "day-keys", 6) as [
    number,
    Uint8Array,
    Uint8Array | null,
    Uint8Array,
    Uint8Array | null,
    number | null,
  ];
  return {
    epoch: parseEpoch(values.get("epoch")),
    home: { socSerial, cardCid },
    watermark: { upto, hash },
    floor: { upto: floorSeq, hash: floorHash },
    dayKeys: { n: keys[0], tagKey: keys[1], previousTagKey: keys[2], periodKey: keys[3], previousPeriodKey: keys[4] },
    dayKeysDay: keys[5],
  };
}

function list(values: ReadonlyMap<string, unknown>, name: FactName, length: number): readonly unknown[] {
  const value = values.get(name);
  if (!Array.isArray(value) || value.length !== length) throw new MalformedError("ledger fact damaged", { fact: name });
  return value;
}
