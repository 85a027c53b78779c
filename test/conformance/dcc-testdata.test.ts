import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, expect, it } from "vitest";
import { utf8 } from "../../protocol/bytes.ts";
import type { QrReading } from "../../protocol/qr/reading.ts";
import type { WallMs } from "../../protocol/units.ts";
import { certificateKeyId } from "../../runtime/certificate-reader.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { photoKind, readPhoto } from "../../runtime/zxing-wasm-photos.ts";
import { describeVectors, vectorPath } from "../support/vectors.ts";

/** One case of the EU's test data; only what is used here. */
interface DccCase {
  readonly PREFIX: string;
  readonly "2DCODE"?: string;
  readonly TESTCTX: { readonly CERTIFICATE: string; readonly VALIDATIONCLOCK: string; readonly DESCRIPTION: string };
  readonly EXPECTEDRESULTS: Readonly<Record<string, boolean>>;
}

/**
 * What a door's answer must be when an expectation of the EU's data is `false`. Schema validation is not done at a door (which doses
 * and tests count is for rules), so an expectation of it is only counted.
 */
const REFUSALS: Readonly<Record<string, readonly string[]>> = {
  EXPECTEDUNPREFIX: ["unrecognised"],
  EXPECTEDB45DECODE: ["malformed"],
  EXPECTEDCOMPRESSION: ["malformed"],
  EXPECTEDDECODE: ["malformed"],
  EXPECTEDVERIFY: ["bad_signature", "unknown_issuer", "malformed"],
  EXPECTEDKEYUSAGE: ["key_usage"],
  EXPECTEDEXPIRATIONCHECK: ["expired", "not_yet_valid"],
};
const NOT_AT_A_DOOR = ["EXPECTEDSCHEMAVALIDATION", "EXPECTEDVALIDJSON", "EXPECTEDVALIDOBJECT"];

const counts = { cases: 0, judged: 0, accepted: 0, refused: 0, pictures: 0, schemaOnly: 0 };

function pemOf(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`;
}

async function readingOf({ PREFIX, TESTCTX }: DccCase): Promise<QrReading> {
  const pem = pemOf(TESTCTX.CERTIFICATE);
  const parser = await createDoorParser({ cardIssuers: [], hc1Trust: [{ kid: certificateKeyId(pem), pem }] });
  const nowMs = Date.parse(TESTCTX.VALIDATIONCLOCK) as WallMs;
  return parser.parse(utf8(PREFIX), { nowMs, clockUncertaintyMs: 0 });
}

async function textsIn(photo: Uint8Array): Promise<readonly string[]> {
  if (!photoKind(photo)) return [];
  return (await readPhoto(photo)).map(({ bytes }) => Buffer.from(bytes).toString("utf8"));
}

describeVectors("dcc-testdata", "EU digital certificates: the door's verdict is the expected one", () => {
  const root = vectorPath("dcc-testdata");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));

  it.each(files.map((name) => relative(root, join(root, name))))("%s", async (name) => {
    const dcc = JSON.parse(readFileSync(join(root, name), "utf8")) as DccCase;
    counts.cases += 1;
    const judged = Object.entries(dcc.EXPECTEDRESULTS).filter(([key]) => key in REFUSALS);
    const failing = judged.find(([, expected]) => !expected);
    counts.judged += judged.length;
    if (judged.length === 0) counts.schemaOnly += 1;
    else {
      const reading = await readingOf(dcc);
      if (failing) {
        counts.refused += 1;
        expect(REFUSALS[failing[0]]).toContain("reason" in reading ? reading.reason : reading.kind);
      } else {
        counts.accepted += 1;
        expect(reading).toMatchObject({ kind: "credential", format: "hc1", evidence: "signed_static" });
      }
    }
    const known = [...Object.keys(REFUSALS), ...NOT_AT_A_DOOR, "EXPECTEDPICTUREDECODE"];
    expect(known).toEqual(expect.arrayContaining(Object.keys(dcc.EXPECTEDRESULTS)));
  });

  it("reads the pictures that come with the cases, and none where none can be read", async () => {
    for (const name of files) {
      const dcc = JSON.parse(readFileSync(join(root, name), "utf8")) as DccCase;
      const expected = dcc.EXPECTEDRESULTS["EXPECTEDPICTUREDECODE"];
      if (expected === undefined || !dcc["2DCODE"]) continue;
      counts.pictures += 1;
      const texts = await textsIn(Buffer.from(dcc["2DCODE"], "base64"));
      expect({ name, texts }).toEqual({ name, texts: expected ? [dcc.PREFIX] : [] });
    }
  });

  afterAll(() => console.log(`dcc-testdata: ${JSON.stringify(counts)}`));
});
