import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { fromBase64Url, fromHex, toHex } from "../../protocol/bytes.ts";
import {
  encodeContact,
  encodeFacts,
  encodeLocationPart,
  openContact,
  openLocationPart,
  parseLocationPart,
  temporaryLocationId,
} from "../../protocol/qr/clea.ts";
import { openEcies } from "../../protocol/qr/ecies.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { readPhoto } from "../../runtime/zxing-wasm-photos.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

type Row = Readonly<Record<string, string>>;
const counts = { parts: 0, contacts: 0, derivedIds: 0, encoded: 0 };

function rowsOf(file: string): readonly Row[] {
  const [head = "", ...lines] = readFileSync(vectorPath("clea", file), "utf8").trim().split(/\r?\n/);
  const names = head.split(",").map((name) => name.trim());
  return lines.map((line) => {
    const cells = line.split(",").map((cell) => cell.trim());
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
  });
}

const text = (row: Row, name: string): string => row[name] ?? "";
const number = (row: Row, name: string): number => Number(row[name]);
const pair = (row: Row, name: "SA" | "MCTA"): { privateKey: Uint8Array; publicKey: Uint8Array } => ({
  privateKey: fromHex(text(row, `SK_${name}`)),
  publicKey: fromHex(text(row, `PK_${name}`)),
});

function factsOf(row: Row) {
  return {
    staff: text(row, "staff") === "1",
    renewalExponent: number(row, "CRIexp"),
    venueType: number(row, "venueType"),
    category1: number(row, "venueCat1"),
    category2: number(row, "venueCat2"),
    periodHours: number(row, "periodDuration"),
    periodStartHours: number(row, "ct_periodStart"),
    shownSinceSeconds: number(row, "t_qrStart"),
    periodKey: fromHex(text(row, "LTKey")),
  };
}

describeVectors("clea", "Clea v0, location-specific part", () => {
  const parts = rowsOf("testLSPDecoding.csv");
  const contacts = rowsOf("testLocationDecoding.csv");

  it.each(parts.map((row, at) => [at + 1, row] as const))("opens part %i and writes the same bytes", async (_, row) => {
    const part = parseLocationPart(fromBase64Url(text(row, "lsp_base64")));
    expect(toHex(part.locationId)).toBe(text(row, "LTId").replaceAll("-", ""));
    const { facts, sealedContact } = await openLocationPart(nodeCrypto, part, pair(row, "SA"));
    expect(facts).toEqual(factsOf(row));
    const plain = await openEcies(nodeCrypto, { recipient: pair(row, "SA"), aad: part.header, sealed: part.sealed });
    expect(encodeFacts(facts, sealedContact !== null)).toEqual(plain.slice(0, 44));
    if (toHex(temporaryLocationId(nodeCrypto, facts.periodKey)) === toHex(part.locationId)) counts.derivedIds += 1;
    counts.parts += 1;
  });

  it.each(contacts.map((row, at) => [at + 1, row] as const))(
    "opens contact %i and writes the same bytes",
    async (_, row) => {
      const part = parseLocationPart(fromBase64Url(text(row, "lsp_base64")));
      const { sealedContact } = await openLocationPart(nodeCrypto, part, pair(row, "SA"));
      const contact = await openContact(nodeCrypto, sealedContact ?? new Uint8Array(), pair(row, "MCTA"));
      expect(contact).toEqual({
        phone: text(row, "locationPhone"),
        region: number(row, "locationRegion"),
        pin: text(row, "locationPin"),
        periodStartSeconds: number(row, "t_periodStart"),
      });
      const box = { recipient: pair(row, "MCTA"), aad: new Uint8Array(), sealed: sealedContact ?? new Uint8Array() };
      expect(encodeContact(contact)).toEqual(await openEcies(nodeCrypto, box));
      counts.contacts += 1;
    },
  );

  it("derives the location id of rows 1 to 5 from their key, and not of rows 6 to 10, whose ids are fixed", () => {
    expect(counts.derivedIds).toBe(5);
  });

  it("encodes every row anew: same clear bytes, same facts for the holder of the key", async () => {
    for (const row of [...parts, ...contacts]) {
      const [original] = [parseLocationPart(fromBase64Url(text(row, "lsp_base64")))];
      const opened = await openLocationPart(nodeCrypto, original, pair(row, "SA"));
      const contact =
        opened.sealedContact && "SK_MCTA" in row
          ? {
              ...(await openContact(nodeCrypto, opened.sealedContact, pair(row, "MCTA"))),
              tracersKey: pair(row, "MCTA").publicKey,
            }
          : null;
      const ours = await encodeLocationPart(nodeCrypto, {
        locationId: original.locationId,
        facts: opened.facts,
        authorityKey: pair(row, "SA").publicKey,
        ...(contact && { contact }),
      });
      expect(ours.length).toBe(contact ? 175 : 110);
      const again = await openLocationPart(nodeCrypto, parseLocationPart(ours), pair(row, "SA"));
      expect(again.facts).toEqual(opened.facts);
      counts.encoded += 1;
    }
  });

  it("knows the reference implementation's picture for a poster", async () => {
    const [symbol] = await readPhoto(readFileSync(vectorPath("clea", "qrcode.png")));
    const door = await createDoorParser({ cardIssuers: [] });
    const reading = await door.parse(symbol?.bytes ?? new Uint8Array(), { nowMs: null, clockUncertaintyMs: 0 });
    expect(reading).toMatchObject({ kind: "poster", format: "clea" });
  });

  afterAll(() => console.log(`clea: ${JSON.stringify(counts)}`));
});
