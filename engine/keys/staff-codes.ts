import { importSigningKey } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { SiteId } from "../../protocol/ids.ts";
import type { StaffAction } from "../../protocol/qr/reading.ts";
import { issueStaffCode } from "../../protocol/qr/staff-code.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import type { EngineKeys } from "./engine-keys.ts";
import { cardIssuerKid } from "./site-bundle.ts";

/** Days for which a staff code is valid unless told otherwise: whoever photographs one can use it as long. */
export const STAFF_CODE_DAYS = 365;

/** Makes the text of a code with which staff of one site tell its kiosks to do something; signed by the authority's card key. */
export async function makeStaffCode(
  keys: EngineKeys,
  order: {
    readonly crypto: CryptoPort;
    readonly nowMs: WallMs;
    readonly site: SiteId;
    readonly action: StaffAction;
    readonly days?: number;
  },
): Promise<string> {
  const { crypto, site, action, days = STAFF_CODE_DAYS } = order;
  const issuer = {
    key: await importSigningKey(keys.cardIssuer),
    kid: cardIssuerKid(crypto, keys.cardIssuer.publicKey),
  };
  const issuedDay = Math.floor(order.nowMs / DAY_MS);
  return issueStaffCode({ action, site, issuedDay, expiresDay: issuedDay + days }, issuer);
}
