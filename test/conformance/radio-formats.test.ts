import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeAdvertisement, parseAdvertisement } from "../../protocol/beacon/advertisement.ts";
import { beaconId, tokenId } from "../../protocol/beacon/rotating-id.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { decodePresence } from "../../protocol/checkin/presence.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { repository } from "../support/repository.ts";

/** What was sent and stored by version 1: tokens in people's pockets do not follow a change of format. */
interface RadioVectors {
  readonly identifiers: readonly {
    readonly sender: string;
    readonly key: string;
    readonly interval: number;
    id: string;
  }[];
  readonly advertisements: readonly { readonly payload: string; readonly heard: Record<string, unknown> | null }[];
  readonly presence: readonly { readonly content: Record<string, unknown>; readonly text: string }[];
}

const vectors = JSON.parse(readFileSync(join(repository, "protocol/vectors/radio-v1.json"), "utf8")) as RadioVectors;

/** The same with byte strings in hex, as the vectors have them. */
function inHex(value: object | null): unknown {
  if (!value) return null;
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    field instanceof Uint8Array ? toHex(field) : field,
  ]);
  return Object.fromEntries(fields);
}

describe("radio formats of version 1", () => {
  it.each(vectors.identifiers)("derive the identifier of a $sender", ({ sender, key, interval, id }) => {
    const derive = sender === "kiosk" ? beaconId : tokenId;
    expect(toHex(derive(nodeCrypto, fromHex(key), interval))).toBe(id);
  });

  it.each(vectors.advertisements)("read $payload", ({ payload, heard }) => {
    const read = parseAdvertisement(fromHex(payload));
    expect(inHex(read)).toEqual(heard);
    if (read?.kind === "kiosk" || read?.kind === "token") expect(toHex(encodeAdvertisement(read))).toBe(payload);
  });

  it.each(vectors.presence)("read a stored session of $content.scheme", ({ content, text }) => {
    expect(inHex(decodePresence(fromHex(text)))).toEqual(content);
  });
});
