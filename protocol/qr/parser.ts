import { fromHex } from "../bytes.ts";
import { type CoseKey, importVerifyKey } from "../cose.ts";
import type { CryptoPort } from "../crypto-port.ts";
import { bp1Card } from "./bp1-card.ts";
import { bp2PhonePass } from "./bp2-phone-pass.ts";
import { cleaPoster } from "./clea-poster.ts";
import { cwaPoster } from "./cwa-poster.ts";
import { declarationUrl } from "./declaration-url.ts";
import { entryDeclaration } from "./entry-declaration.ts";
import type { QrFormatReader } from "./format.ts";
import { hc1 } from "./hc1.ts";
import { Hc1Issuers } from "./hc1-issuers.ts";
import { nzPoster } from "./nz-poster.ts";
import { partySize } from "./party-size.ts";
import type { CertificateReader, Inflate, QrReading, ReadingContext, TrustedIssuer } from "./reading.ts";
import { setupCode } from "./setup-code.ts";
import { staffCode } from "./staff-code.ts";
import { readSymbolText } from "./symbol-text.ts";
import { venuePoster } from "./venue-qr.ts";
import { vn1405 } from "./vn-1405.ts";
import { vnBhyt } from "./vn-bhyt.ts";
import { vnCccd } from "./vn-cccd.ts";

/** Reads what a visitor shows. */
export interface QrParser {
  /** Reads one symbol; the answer to anything at all is a value, never an exception. */
  parse(bytes: Uint8Array, context: ReadingContext): Promise<QrReading>;
}

export interface QrParserDeps {
  readonly crypto: CryptoPort;
  /** Keys that sign our cards, passes and staff codes: 4-byte id and raw Ed25519 key, hex. */
  readonly cardIssuers: readonly { readonly kid: string; readonly publicKey: string }[];
  /** Issuers of vaccine passports; empty: every passport is refused as `unknown_issuer`. */
  readonly hc1Trust: readonly TrustedIssuer[];
  readonly inflate: Inflate;
  readonly readCertificate: CertificateReader;
  /** The site whose staff codes work here; without it none does. */
  readonly site?: string;
}

/**
 * Makes a parser over every format of this folder.
 *
 * @throws {MalformedError} PROTO_MALFORMED when a trusted key or certificate is not of its form
 */
export async function createQrParser(deps: QrParserDeps): Promise<QrParser> {
  const readers = await readersOf(deps);
  return {
    async parse(bytes, context) {
      const symbol = readSymbolText(bytes);
      if (symbol.kind === "bad") return { kind: "unknown", reason: symbol.reason };
      const reader = readers.find((candidate) => candidate.owns(symbol.text));
      if (!reader) return { kind: "unknown", reason: "unrecognised" };
      try {
        return await reader.read(symbol.text, context);
      } catch {
        // A visitor's bytes must never stop the scanner, whatever fault they provoke; the fault may quote them, so it ends here.
        return { kind: "refused", format: reader.format, reason: "malformed" };
      }
    },
  };
}

/** The registry: prefixes first, then the national codes, which are known by their fields only. */
async function readersOf(deps: QrParserDeps): Promise<readonly QrFormatReader[]> {
  const issuers = new Map<string, CoseKey>();
  for (const { kid, publicKey } of deps.cardIssuers) issuers.set(kid, await importVerifyKey(fromHex(publicKey)));
  return [
    bp1Card(issuers),
    bp2PhonePass(issuers),
    hc1({ ...deps, issuers: new Hc1Issuers(deps.hc1Trust, deps.readCertificate) }),
    setupCode(deps.crypto),
    staffCode(issuers, deps.site),
    entryDeclaration,
    partySize,
    venuePoster,
    cleaPoster,
    nzPoster,
    cwaPoster(deps.crypto),
    declarationUrl,
    vn1405,
    vnCccd,
    vnBhyt,
  ];
}
