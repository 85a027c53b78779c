import { decodeCbor, encodeCbor } from "../../protocol/cbor.ts";
import type { DayKeys } from "../../protocol/checkin/visitor-tag.ts";
import { MalformedError } from "../../protocol/errors.ts";
import { type Epoch, parseEpoch, type Stream } from "../../protocol/ids.ts";
import type { Sql } from "../../runtime/sqlite/database.ts";
import type { Watermark } from "./checkin-log.ts";

/** Hardware that a ledger belongs to; a difference at open means a copied or restored card. Empty text when unknown. */
export interface LedgerHome {
  readonly socSerial: string;
  readonly cardCid: string;
}

/** What a ledger knows of one stream besides its rows. */
export interface StreamFacts {
  readonly epoch: Epoch;
  readonly watermark: Watermark;
  /** The batch that ends right before the first row that is still here: where numbering and chain go on from when none is. */
  readonly floor: Watermark;
}

/** What a ledger knows of its machine and day, whatever the stream. */
export interface HouseFacts {
  readonly home: LedgerHome;
  readonly dayKeys: DayKeys;
  readonly dayKeysDay: number | null;
  /** The last row whose visitors were all declared to have left: its epoch and seq. */
  readonly emptied: { readonly epoch: string; readonly upto: number } | null;
}

const STREAM_FACTS = ["epoch", "watermark", "floor"] as const;
export type StreamFact = (typeof STREAM_FACTS)[number];

/** Check-ins were here first: their facts have no prefix. */
const PREFIX: Readonly<Record<Stream, string>> = { c: "", p: "presence-" };

/** Writes the named facts of one stream. */
export async function writeStreamFacts(
  sql: Sql,
  { stream, names = STREAM_FACTS, ...facts }: StreamFacts & { readonly stream: Stream; names?: readonly StreamFact[] },
): Promise<void> {
  const values = {
    epoch: facts.epoch,
    watermark: [facts.watermark.upto, facts.watermark.hash],
    floor: [facts.floor.upto, facts.floor.hash],
  };
  for (const name of names) await writeFact(sql, PREFIX[stream] + name, values[name]);
}

/** Writes which machine this ledger belongs to. */
export async function writeHome(sql: Sql, { socSerial, cardCid }: LedgerHome): Promise<void> {
  await writeFact(sql, "home", [socSerial, cardCid]);
}

/** Writes up to which row of an epoch everybody has left. */
export async function writeEmptied(sql: Sql, epoch: Epoch, upto: number): Promise<void> {
  await writeFact(sql, "emptied", [epoch, upto]);
}

/** Writes the day keys over the ones before. Their generation stands apart: an older version of the kiosk reads the rest. */
export async function writeDayKeys(sql: Sql, dayKeys: DayKeys, siteDay: number | null): Promise<void> {
  const { n, siteGeneration, tagKey, previousTagKey, periodKey, previousPeriodKey } = dayKeys;
  if (siteGeneration !== null) await writeFact(sql, "site-generation", siteGeneration);
  await sql.run("INSERT INTO day_keys VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value", [
    encodeCbor([n, tagKey, previousTagKey, periodKey, previousPeriodKey, siteDay]),
  ]);
}

async function writeFact(sql: Sql, name: string, value: unknown): Promise<void> {
  await sql.run(
    "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [name, encodeCbor(value)],
  );
}

/** Reads the facts of one stream; null when it is new. @throws {MalformedError} PROTO_MALFORMED when one is damaged */
export async function readStreamFacts(sql: Sql, stream: Stream): Promise<StreamFacts | null> {
  const values = await readValues(sql);
  const prefix = PREFIX[stream];
  if (!values.has(`${prefix}epoch`)) return null;
  const [upto, hash] = list(values, `${prefix}watermark`, 2) as [number, Uint8Array];
  const [floorSeq, floorHash] = list(values, `${prefix}floor`, 2) as [number, Uint8Array];
  return {
    epoch: parseEpoch(values.get(`${prefix}epoch`)),
    watermark: { upto, hash },
    floor: { upto: floorSeq, hash: floorHash },
  };
}

/** Reads what belongs to no stream; null when the ledger is new. @throws {MalformedError} PROTO_MALFORMED when one is damaged */
export async function readHouseFacts(sql: Sql): Promise<HouseFacts | null> {
  const values = await readValues(sql);
  if (values.size === 0) return null;
  const [socSerial, cardCid] = list(values, "home", 2) as [string, string];
  const row = await sql.get<{ value: Uint8Array }>("SELECT value FROM day_keys");
  const keys = list(new Map(row && [["day-keys", decodeCbor(new Uint8Array(row.value))]]), "day-keys", 6) as [
    number,
    Uint8Array,
    Uint8Array | null,
    Uint8Array,
    Uint8Array | null,
    number | null,
  ];
  return {
    home: { socSerial, cardCid },
    dayKeys: {
      n: keys[0],
      siteGeneration: generationOf(values),
      tagKey: keys[1],
      previousTagKey: keys[2],
      periodKey: keys[3],
      previousPeriodKey: keys[4],
    },
    dayKeysDay: keys[5],
    emptied: emptiedOf(values),
  };
}

function generationOf(values: ReadonlyMap<string, unknown>): number | null {
  const value = values.get("site-generation");
  return typeof value === "number" ? value : null;
}

function emptiedOf(values: ReadonlyMap<string, unknown>): HouseFacts["emptied"] {
  if (!values.has("emptied")) return null;
  const [epoch, upto] = list(values, "emptied", 2) as [string, number];
  return { epoch, upto };
}

async function readValues(sql: Sql): Promise<ReadonlyMap<string, unknown>> {
  const rows = await sql.all<{ name: string; value: Uint8Array }>("SELECT name, value FROM facts");
  return new Map(rows.map(({ name, value }) => [name, decodeCbor(new Uint8Array(value))]));
}

function list(values: ReadonlyMap<string, unknown>, name: string, length: number): readonly unknown[] {
  const value = values.get(name);
  if (!Array.isArray(value) || value.length !== length) throw new MalformedError("ledger fact damaged", { fact: name });
  return value;
}
