import { decodeCbor, encodeCbor } from "../../protocol/cbor.ts";
import { MAX_SEQ } from "../../protocol/checkin/record.ts";
import type { DayKeys } from "../../protocol/checkin/visitor-tag.ts";
import { MalformedError, requireInteger } from "../../protocol/errors.ts";
import { type Epoch, parseEpoch, type Stream } from "../../protocol/ids.ts";
import type { Sql, SqlValue } from "../../runtime/sqlite/database.ts";
import type { Watermark } from "./checkin-log.ts";
import { bytesOf, stored } from "./stored.ts";

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

/** Bytes of a key or a hash. */
const KEY_BYTES = 32;

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

/** Reads the facts of one stream; null when it is new. @throws {StoreCorruptError} RT_STORE_CORRUPT when one is damaged */
export async function readStreamFacts(sql: Sql, stream: Stream): Promise<StreamFacts | null> {
  const values = await readValues(sql);
  const prefix = PREFIX[stream];
  if (STREAM_FACTS.every((name) => !values.has(prefix + name))) return null;
  return stored(
    () => ({
      epoch: parseEpoch(values.get(`${prefix}epoch`)),
      watermark: watermarkOf(list(values, `${prefix}watermark`, 2)),
      floor: watermarkOf(list(values, `${prefix}floor`, 2)),
    }),
    { stream },
  );
}

/** Reads what belongs to no stream; null when the ledger is new. @throws {StoreCorruptError} RT_STORE_CORRUPT when one is damaged */
export async function readHouseFacts(sql: Sql): Promise<HouseFacts | null> {
  const values = await readValues(sql);
  const row = await sql.get<{ value: SqlValue }>("SELECT value FROM day_keys");
  if (values.size === 0 && row === undefined) return null;
  return stored(
    () => ({
      home: homeOf(list(values, "home", 2)),
      ...dayKeysOf(list(new Map(row && [["day-keys", decodeCbor(bytesOf(row.value))]]), "day-keys", 6), values),
      emptied: emptiedOf(values),
    }),
    { stream: "" },
  );
}

function watermarkOf([upto, hash]: readonly unknown[]): Watermark {
  return { upto: requireInteger("fact", upto, { min: 0, max: MAX_SEQ }), hash: bytesOf(hash, KEY_BYTES) };
}

function homeOf([socSerial, cardCid]: readonly unknown[]): LedgerHome {
  if (typeof socSerial !== "string" || typeof cardCid !== "string") throw new MalformedError("not a machine");
  return { socSerial, cardCid };
}

function dayKeysOf(
  [n, tagKey, previousTagKey, periodKey, previousPeriodKey, day]: readonly unknown[],
  values: ReadonlyMap<string, unknown>,
): Pick<HouseFacts, "dayKeys" | "dayKeysDay"> {
  const before = (key: unknown): Uint8Array | null => (key === null ? null : bytesOf(key, KEY_BYTES));
  return {
    dayKeys: {
      n: wholeNumber(n),
      siteGeneration: generationOf(values),
      tagKey: bytesOf(tagKey, KEY_BYTES),
      previousTagKey: before(previousTagKey),
      periodKey: bytesOf(periodKey, KEY_BYTES),
      previousPeriodKey: before(previousPeriodKey),
    },
    dayKeysDay: day === null ? null : wholeNumber(day),
  };
}

function wholeNumber(value: unknown): number {
  return requireInteger("fact", value, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

function generationOf(values: ReadonlyMap<string, unknown>): number | null {
  return values.has("site-generation") ? wholeNumber(values.get("site-generation")) : null;
}

function emptiedOf(values: ReadonlyMap<string, unknown>): HouseFacts["emptied"] {
  if (!values.has("emptied")) return null;
  const [epoch, upto] = list(values, "emptied", 2);
  return { epoch: parseEpoch(epoch), upto: wholeNumber(upto) };
}

async function readValues(sql: Sql): Promise<ReadonlyMap<string, unknown>> {
  const rows = await sql.all<{ name: string; value: SqlValue }>("SELECT name, value FROM facts");
  return stored(() => new Map(rows.map(({ name, value }) => [name, decodeCbor(bytesOf(value))])), {
    facts: rows.length,
  });
}

function list(values: ReadonlyMap<string, unknown>, name: string, length: number): readonly unknown[] {
  const value = values.get(name);
  if (!Array.isArray(value) || value.length !== length) throw new MalformedError("ledger fact damaged", { fact: name });
  return value;
}
