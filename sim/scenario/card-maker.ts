import type { Engine } from "../../engine/app.ts";
import { importSigningKey } from "../../protocol/cose.ts";
import { issueCard } from "../../protocol/qr/bp1-card.ts";
import { DAY_MS, type WallMs } from "../../protocol/units.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import type { CardMaker } from "../world/payloads.ts";

/** Cards signed by the engine's own issuer, valid for a year around that day. */
export async function cardMaker(engine: Engine, midnight: WallMs): Promise<CardMaker> {
  const { cardIssuer } = engine.keys;
  const key = await importSigningKey(cardIssuer);
  const kid = nodeCrypto.sha256(cardIssuer.publicKey).slice(0, 4);
  const today = Math.floor(midnight / DAY_MS);
  return (serial) => issueCard({ serial, kind: 1, issuedDay: today - 30, expiresDay: today + 335 }, { key, kid });
}
