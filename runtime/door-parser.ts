import { createQrParser, type QrParser } from "../protocol/qr/parser.ts";
import type { TrustedIssuer } from "../protocol/qr/reading.ts";
import { readCertificate } from "./certificate-reader.ts";
import { inflate } from "./inflate.ts";
import { nodeCrypto } from "./node-crypto.ts";

/**
 * Makes the parser of a door with this platform's crypto, inflate and X.509.
 *
 * @param trust.cardIssuers of the site's trust file; with `site`, its staff codes work too
 * @param trust.hc1Trust issuers of vaccine passports; without them every passport is refused
 * @throws {MalformedError} PROTO_MALFORMED when a trusted key is not of its form
 */
export function createDoorParser(trust: {
  readonly cardIssuers: readonly { readonly kid: string; readonly publicKey: string }[];
  readonly site?: string;
  readonly hc1Trust?: readonly TrustedIssuer[];
}): Promise<QrParser> {
  const { cardIssuers, site, hc1Trust = [] } = trust;
  return createQrParser({
    crypto: nodeCrypto,
    inflate,
    readCertificate,
    cardIssuers,
    hc1Trust,
    ...(site !== undefined && { site }),
  });
}
