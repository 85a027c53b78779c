import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../../protocol/cbor.ts";
import { importSigningKey, importVerifyKey, signCose1 } from "../../../../protocol/cose.ts";
import { BadSealError, BluepostError } from "../../../../protocol/errors.ts";
import { LEAST_ENTRIES, roundToHours, withDecoys } from "../../../../protocol/publish/decoys.ts";
import {
  ENTRY_KEY_BYTES,
  ENTRY_KINDS,
  openPublished,
  type PublishedEntry,
  signPublished,
} from "../../../../protocol/publish/published-file.ts";
import { HOUR_MS } from "../../../../protocol/units.ts";
import { nodeCrypto } from "../../../../runtime/node-crypto.ts";
import { rawKeyPair } from "../../../../runtime/pki/chain.ts";
import { runs } from "../../../support/property-runs.ts";

const NOW = Date.UTC(2026, 10, 16, 2);
const pair = rawKeyPair(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString());
const signer = { key: await importSigningKey(pair), kid: new Uint8Array(8) };
const verify = await importVerifyKey(pair.publicKey);

const entry = fc.constantFrom(...ENTRY_KINDS).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    key: fc.uint8Array({ minLength: ENTRY_KEY_BYTES[kind], maxLength: ENTRY_KEY_BYTES[kind] }),
    firstInterval: fc.integer({ min: 0, max: 0xffffffff }),
    intervals: fc.integer({ min: 1, max: 156 }),
  }),
);
const file = fc.record({
  number: fc.integer({ min: 1, max: 0xffffffff }),
  hour: fc.integer({ min: 0, max: 0xffffffff }),
  previous: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  openings: fc.record({
    count: fc.integer({ min: 0, max: 0xffffffff }),
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
  entries: fc.array(entry, { maxLength: 30 }),
});
const names = (entries: readonly PublishedEntry[]): readonly string[] =>
  entries.map((one) => JSON.stringify(one)).sort();

describe("published file", () => {
  it("opens to what was signed, in an order that depends on the entries only", async () => {
    await fc.assert(
      fc.asyncProperty(file, async (made) => {
        const bytes = await signPublished(made, signer);
        const { entries, ...head } = await openPublished(bytes, verify);
        expect({ ...head, entries: names(entries) }).toEqual({ ...made, entries: names(made.entries) });
        const turned = await signPublished({ ...made, entries: [...made.entries].reverse() }, signer);
        expect(turned).toEqual(bytes);
      }),
      { numRuns: runs(40) },
    );
  });

  it("is refused when a byte is changed or another key signed it", async () => {
    const head = { number: 1, hour: 1, previous: new Uint8Array(32), openings: { count: 0, hash: new Uint8Array(32) } };
    const bytes = await signPublished({ ...head, entries: [] }, signer);
    const changed = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(changed, async ([at, flip]) => {
        const spoilt = Uint8Array.from(bytes);
        spoilt[at]! ^= flip;
        const outcome = await openPublished(spoilt, verify).catch((fault: unknown) => fault);
        // the header beside the signature may change: it names the key and nothing else
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(BluepostError);
        else expect(outcome).toMatchObject({ number: 1, entries: [] });
      }),
      { numRuns: runs(60) },
    );
    const other = rawKeyPair(
      generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    );
    await expect(openPublished(bytes, await importVerifyKey(other.publicKey))).rejects.toThrow(BadSealError);
  });
});

it("of version 1 stays readable; it says nothing of openings", async () => {
  const [previous, key] = [new Uint8Array(32).fill(7), new Uint8Array(16).fill(9)];
  const fields = ["bluepost published", 1, 12, 480_000, previous, [], [], [[key, 2_880_000, 6]], []];
  const file = await openPublished(await signCose1(encodeCbor(fields), signer), verify);
  const entry = { kind: "gaen", key, firstInterval: 2_880_000, intervals: 6 };
  expect(file).toEqual({ number: 12, hour: 480_000, previous, openings: null, entries: [entry] });
});

describe("decoys", () => {
  it("fill every kind to a power of two, and look as real entries do", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 70 }), (real) => {
        const padded = withDecoys(nodeCrypto, real, NOW);
        for (const kind of ENTRY_KINDS) {
          const all = padded.filter((one) => one.kind === kind);
          const count = real.filter((one) => one.kind === kind).length;
          expect(all.length).toBeGreaterThanOrEqual(LEAST_ENTRIES);
          expect(Math.log2(all.length) % 1).toBe(0);
          expect(all.length).toBeGreaterThan(count);
          expect(all.filter((one) => real.some((other) => other === one))).toHaveLength(count);
          for (const { key, intervals, firstInterval } of all.slice(count)) {
            expect(key).toHaveLength(ENTRY_KEY_BYTES[kind]);
            expect([intervals % 6, firstInterval % 6]).toEqual([0, 0]);
          }
        }
      }),
      { numRuns: runs(30) },
    );
  });

  it("have company: a real stretch is rounded outwards to whole hours", () => {
    expect(roundToHours({ from: NOW + 1, to: NOW + HOUR_MS - 1 })).toEqual({
      firstInterval: NOW / 600_000,
      intervals: 6,
    });
    expect(roundToHours({ from: NOW - 1, to: NOW + 1 }).intervals).toBe(12);
    expect(roundToHours({ from: NOW, to: NOW }).intervals).toBe(6);
  });
});
