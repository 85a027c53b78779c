import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { fromBase64Url, toBase64Url, toHex, utf8 } from "../../protocol/bytes.ts";
import { parseCwaPayload } from "../../protocol/qr/cwa-poster.ts";
import { parseNzPoster } from "../../protocol/qr/nz-poster.ts";
import type { QrParser } from "../../protocol/qr/parser.ts";
import type { ReadingContext } from "../../protocol/qr/reading.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

const context: ReadingContext = { nowMs: null, clockUncertaintyMs: 0 };
const door: Promise<QrParser> = createDoorParser({ cardIssuers: [] });

interface CwaVectors {
  readonly validUrls: readonly string[];
  readonly invalidUrls: readonly { readonly url: string; readonly error: string }[];
  readonly traceLocationId: readonly { readonly payloadBase64: string; readonly locationIdBase64: string }[];
  readonly locationIdHash: readonly { readonly locationIdHex: string; readonly locationIdHashHex: string }[];
}

describeVectors("cwa", "Corona-Warn-App posters", () => {
  const path = vectorPath("cwa", "presence-tracing-vectors.json");
  const vectors = JSON.parse(readFileSync(path, "utf8")) as CwaVectors;

  it("derives the location id of each payload", () => {
    for (const { payloadBase64, locationIdBase64 } of vectors.traceLocationId) {
      const { locationId } = parseCwaPayload(nodeCrypto, payloadBase64);
      expect(toBase64Url(locationId)).toBe(toBase64Url(fromBase64Url(locationIdBase64)));
    }
  });

  it("publishes the hash of a location id, as the app does", () => {
    for (const { locationIdHex, locationIdHashHex } of vectors.locationIdHash)
      expect(toHex(nodeCrypto.sha256(Buffer.from(locationIdHex, "hex")))).toBe(locationIdHashHex);
    const place = parseCwaPayload(nodeCrypto, vectors.traceLocationId[0]?.payloadBase64 ?? "");
    expect(place.locationIdHash).toEqual(nodeCrypto.sha256(place.locationId));
    expect(place).toMatchObject({ description: "My Birthday Party", address: "at my place" });
  });

  it("knows the app's addresses for posters, and a vendor's with the same payload", async () => {
    for (const url of vectors.validUrls) {
      const payload = url.slice(url.indexOf("#") + 1);
      const vendor = `https://vendor.example/checkin/4711#extra/CWA1/${payload}`;
      for (const text of [url, vendor])
        expect(await (await door).parse(utf8(text), context)).toMatchObject({
          kind: "poster",
          format: "corona-warn-app",
          place: { name: expect.any(String), id: expect.stringMatching(/^[0-9a-f]{64}$/) },
        });
    }
  });

  it("takes none of the wrong addresses for a poster", async () => {
    for (const { url } of vectors.invalidUrls) {
      const reading = await (await door).parse(utf8(url), context);
      expect(["unknown", "refused"]).toContain(reading.kind);
    }
  });

  afterAll(() =>
    console.log(
      `cwa: ${vectors.traceLocationId.length} location ids, ${vectors.locationIdHash.length} hashes, ` +
        `${vectors.validUrls.length} valid and ${vectors.invalidUrls.length} wrong addresses`,
    ),
  );
});

interface NzCase {
  readonly qr: string;
  readonly decoded: Readonly<Record<string, string>>;
}

describeVectors("nzcovidtracer", "NZ COVID Tracer posters", () => {
  const cases = JSON.parse(readFileSync(vectorPath("nzcovidtracer", "qr-vectors.json"), "utf8")) as readonly NzCase[];

  it.each(cases)("reads $qr", async ({ qr, decoded }) => {
    expect(parseNzPoster(qr)).toEqual(decoded);
    expect(await (await door).parse(utf8(qr), context)).toMatchObject({
      kind: "poster",
      format: "nz-covid-tracer",
      place: { id: decoded["gln"] },
    });
  });

  afterAll(() => console.log(`nzcovidtracer: ${cases.length} codes`));
});
