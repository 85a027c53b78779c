import { toBase64Url, toHex, utf8 } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { CLAIM_LIFETIME_MS } from "../../protocol/http/enrolment.ts";
import type { SetupCode } from "../../protocol/qr/reading.ts";
import { encodeSetupCode } from "../../protocol/qr/setup-code.ts";
import type { WallMs } from "../../protocol/units.ts";
import { pemToChain } from "../../runtime/pki/chain.ts";
import type { ClaimBook, ClaimedPlace } from "../registry/claim-book.ts";
import type { GatewayIdentity } from "../registry/identity.ts";

const TOKEN_BYTES = 16;

/** A setup code that was made. */
export interface MadeClaim {
  /** Text of the QR code. It is a secret while it lives: show it, never log it. */
  readonly code: string;
  readonly expiresAt: WallMs;
}

/** Hash under which a token is kept. */
export function tokenHash(crypto: Pick<CryptoPort, "sha256">, token: string): Uint8Array {
  return crypto.sha256(utf8(`bluepost claim v1 ${token}`));
}

/** The pin in a setup code: SHA-256 of the site's intermediate certificate (DER), hex. */
export function authorityPin(crypto: Pick<CryptoPort, "sha256">, identity: Pick<GatewayIdentity, "authority">): string {
  return toHex(crypto.sha256(pemToChain(identity.authority.certificatePem)[0] as Uint8Array));
}

/**
 * Makes a setup code for one door: single use, ten minutes.
 *
 * @param order.httpPort port of the gateway's plain HTTP, from which a kiosk learns the rest
 */
export async function makeClaim(
  parts: { readonly crypto: CryptoPort; readonly identity: GatewayIdentity; readonly claims: ClaimBook },
  order: ClaimedPlace & { readonly httpPort: number; readonly wifi?: SetupCode["wifi"] },
  nowMs: WallMs,
): Promise<MadeClaim> {
  const { crypto, identity, claims } = parts;
  const { httpPort, wifi, ...place } = order;
  const token = toBase64Url(crypto.randomBytes(TOKEN_BYTES));
  const expiresAt = (nowMs + CLAIM_LIFETIME_MS) as WallMs;
  const code = encodeSetupCode(crypto, {
    url: `http://${place.host.includes(":") ? `[${place.host}]` : place.host}:${httpPort}`,
    caSha256: authorityPin(crypto, identity),
    token,
    site: identity.site,
    venue: place.venue,
    ...(wifi && { wifi }),
  });
  await claims.add(tokenHash(crypto, token), { ...place, expiresAt }, nowMs);
  return { code, expiresAt };
}
