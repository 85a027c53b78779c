import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import { formatTypedSerial, parseTypedSerial } from "../../protocol/qr/typed-serial.ts";
import { publishedPosterId } from "../../protocol/qr/venue-qr.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { repository } from "../support/repository.ts";

/** Codes of version 1 as they were issued; cards in people's pockets do not follow a change of format. */
interface OwnVectors {
  readonly cardIssuers: readonly { readonly kid: string; readonly publicKey: string }[];
  readonly site: string;
  readonly nowMs: WallMs;
  readonly codes: readonly { readonly text: string; readonly reading: { readonly kind: string } }[];
  readonly typedSerial: { readonly serial: string; readonly text: string };
  readonly posterId: { readonly seed: string; readonly day: number; readonly id: string };
}

const vectors = JSON.parse(readFileSync(join(repository, "protocol/vectors/qr-v1.json"), "utf8")) as OwnVectors;

describe("codes issued by version 1", () => {
  it.each(vectors.codes)("still read: $reading.kind $reading.format", async ({ text, reading }) => {
    const door = await createDoorParser(vectors);
    expect(await door.parse(utf8(text), { nowMs: vectors.nowMs, clockUncertaintyMs: 0 })).toMatchObject(reading);
  });

  it("still have the same printed serial", () => {
    const { serial, text } = vectors.typedSerial;
    expect(formatTypedSerial(fromHex(serial))).toBe(text);
    expect(toHex(parseTypedSerial(text))).toBe(serial);
  });

  it("still are published under the same id", () => {
    const { seed, day, id } = vectors.posterId;
    expect(toHex(publishedPosterId(nodeCrypto, fromHex(seed), day))).toBe(id);
  });
});
