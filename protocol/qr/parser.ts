import { fromHex } from "../bytes.ts";
import { type CoseKey, importVerifyKey } from "../cose.ts";
import { bp1Card } from "./bp1-card.ts";
import type { QrFormatReader } from "./format.ts";
import { partySize, posters } from "./posters.ts";
import type { QrReading, ReadingContext } from "./reading.ts";
import { readSymbolText } from "./symbol-text.ts";
import { vn1405 } from "./vn-1405.ts";
import { vnBhyt } from "./vn-bhyt.ts";
import { vnCccd } from "./vn-cccd.ts";

/** Reads what a visitor shows. */
export interface QrParser {
  /** Reads one symbol; the answer to anything at all is a value, never an exception. */
  parse(bytes: Uint8Array, context: ReadingContext): Promise<QrReading>;
}

export interface QrParserDeps {
  /** Keys that sign our cards: 4-byte id and raw Ed25519 key, hex. */
  readonly cardIssuers: readonly { readonly kid: string; readonly publicKey: string }[];
}

/** Makes a parser over every format of this folder. */
export async function createQrParser(deps: QrParserDeps): Promise<QrParser> {
  const issuers = new Map<string, CoseKey>();
  for (const { kid, publicKey } of deps.cardIssuers) issuers.set(kid, await importVerifyKey(fromHex(publicKey)));
  const readers: readonly QrFormatReader[] = [bp1Card(issuers), partySize, posters, vn1405, vnCccd, vnBhyt];
  return {
    async parse(bytes, context) {
      const symbol = readSymbolText(bytes);
      if (symbol.kind === "bad") return { kind: "unknown", reason: symbol.reason };
      const reader = readers.find((candidate) => candidate.owns(symbol.text));
      return reader ? reader.read(symbol.text, context) : { kind: "unknown", reason: "unrecognised" };
    },
  };
}
