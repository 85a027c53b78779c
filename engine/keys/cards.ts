import { toHex } from "../../protocol/bytes.ts";
import { importSigningKey } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { issueCard } from "../../protocol/qr/bp1-card.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import type { EngineKeys } from "./engine-keys.ts";
import { cardIssuerKid } from "./site-bundle.ts";

/** A card that was issued: its text for the QR code, and the id that its holder is known by under the scheme `bp1`. */
export interface IssuedCard {
  readonly text: string;
  /** The serial in hex. */
  readonly id: string;
}

/** The number for `kind` in a card: who carries it. */
export const CARD_KINDS = { visitor: 1, staff: 2 } as const;
export type CardKind = keyof typeof CARD_KINDS;

/** Days for which a card is valid unless told otherwise: two years. */
export const CARD_DAYS = 730;

/** Issues personal cards with random serials, signed by the authority's card key. They name nobody. */
export async function issueCards(
  keys: EngineKeys,
  order: {
    readonly crypto: CryptoPort;
    readonly nowMs: WallMs;
    readonly count: number;
    readonly kind?: CardKind;
    readonly days?: number;
  },
): Promise<readonly IssuedCard[]> {
  const { crypto, count, kind = "visitor", days = CARD_DAYS } = order;
  const issuer = {
    key: await importSigningKey(keys.cardIssuer),
    kid: cardIssuerKid(crypto, keys.cardIssuer.publicKey),
  };
  const issuedDay = Math.floor(order.nowMs / DAY_MS);
  const cards: IssuedCard[] = [];
  for (let i = 0; i < count; i += 1) {
    const serial = crypto.randomBytes(8);
    const claims = { serial, kind: CARD_KINDS[kind], issuedDay, expiresDay: issuedDay + days };
    cards.push({ text: await issueCard(claims, issuer), id: toHex(serial) });
  }
  return cards;
}
