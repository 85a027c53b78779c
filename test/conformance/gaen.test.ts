import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  cryptGaenMetadata,
  GaenExpander,
  gaenIdentifierKey,
  gaenMetadataKey,
  parseGaenMetadata,
} from "../../protocol/beacon/gaen.ts";
import { parseGaenExport } from "../../protocol/beacon/gaen-export.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { readZipEntry } from "../../runtime/zip.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

interface GaenVectors {
  readonly rollingStartIntervalNumber: number;
  readonly rollingPeriod: number;
  readonly tek: string;
  readonly rpik: string;
  readonly aemk: string;
  readonly bleMetadata: string;
  readonly advertised: readonly { readonly i: number; readonly rpi: string; readonly aem: string }[];
}

describeVectors("gaen", "Exposure Notification, cryptography specification 1.2", () => {
  const vectors = JSON.parse(readFileSync(vectorPath("gaen", "vectors-v1.2.json"), "utf8")) as GaenVectors;
  const tek = fromHex(vectors.tek);

  it("derives both keys of a day", () => {
    expect(toHex(gaenIdentifierKey(nodeCrypto, tek))).toBe(vectors.rpik);
    expect(toHex(gaenMetadataKey(nodeCrypto, tek))).toBe(vectors.aemk);
  });

  it("finds all 144 identifiers and opens the metadata of each", () => {
    const { rollingStartIntervalNumber: rollingStart, rollingPeriod, advertised } = vectors;
    const ids = new GaenExpander(nodeCrypto).expand({ key: tek, rollingStart, rollingPeriod });
    const metadataKey = gaenMetadataKey(nodeCrypto, tek);
    const good = advertised.filter(({ i, rpi, aem }) => {
      const id = ids.subarray(16 * i, 16 * i + 16);
      const plain = cryptGaenMetadata(nodeCrypto, metadataKey, { id: fromHex(rpi), metadata: fromHex(aem) });
      return toHex(id) === rpi && toHex(plain) === vectors.bleMetadata;
    });
    expect(good).toHaveLength(144);
    expect(ids).toHaveLength(144 * 16);
    console.log(`gaen: ${good.length}/${advertised.length} identifiers and metadata`);
  });

  it("reads version and power out of the metadata", () => {
    expect(parseGaenMetadata(fromHex(vectors.bleMetadata))).toEqual({ majorVersion: 1, minorVersion: 0, txPower: 8 });
    expect(parseGaenMetadata(fromHex("40ec0000")).txPower).toBe(-20);
  });

  it("takes every key out of the sample diagnosis key file", () => {
    const archive = readFileSync(vectorPath("gaen", "sample_diagnosis_key_file.zip"));
    const file = readZipEntry(archive, "export.bin", 1 << 20);
    const keys = parseGaenExport(file ?? new Uint8Array(0));
    expect(keys.length).toBeGreaterThan(0);
    for (const { rollingStart, rollingPeriod } of keys) {
      expect(rollingStart).toBeGreaterThan(2_600_000); // after mid 2019
      expect(rollingPeriod).toBeLessThanOrEqual(144);
    }
    console.log(`gaen: ${keys.length} keys in the sample file`);
    expect(readZipEntry(archive, "nothing.bin", 1 << 20)).toBeNull();
  });
});
