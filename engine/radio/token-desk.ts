import { TOKEN_SEED_BYTES } from "../../protocol/beacon/rotating-id.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { PersonKey } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { EngineInputError } from "../errors.ts";
import type { PersonKeys } from "../keys/person-keys.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import type { EngineStore } from "../store/open-store.ts";
import { insertToken, listTokens, revokeToken, type TokenEntry } from "../store/tokens.ts";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const SERIAL_DIGITS = 10;

/** A new token. The seed goes into the token and is not shown again. */
export interface IssuedToken extends Omit<TokenEntry, "revokedMs"> {
  /** 16 bytes as hex. */
  readonly seed: string;
}

export interface TokenDeskParts {
  readonly store: EngineStore;
  readonly crypto: CryptoPort;
  readonly now: () => WallMs;
  readonly box: SecretBox;
  readonly persons: PersonKeys;
}

/** The tokens that the authority hands out to people without a phone. */
export class TokenDesk {
  readonly #parts: TokenDeskParts;

  constructor(parts: TokenDeskParts) {
    this.#parts = parts;
  }

  /**
   * Makes tokens.
   *
   * @param order.person whose token it is; without one each token is a person of its own, known by its serial
   * @param order.autoCheckin only when the wearer agreed: kiosks that hear the token then make visits
   * @throws {EngineInputError} ENGINE_INPUT when several tokens are ordered for one person
   */
  async issue(order: {
    readonly count: number;
    readonly autoCheckin: boolean;
    readonly person?: PersonKey;
  }): Promise<readonly IssuedToken[]> {
    const { count, autoCheckin, person } = order;
    if (person !== undefined && count !== 1) throw new EngineInputError("one person gets one token at a time");
    const { store, crypto, now, box, persons } = this.#parts;
    const made = Array.from({ length: count }, (): IssuedToken & { readonly sealed: Uint8Array } => {
      const serial = [...crypto.randomBytes(SERIAL_DIGITS)].map((byte) => DIGITS[byte & 31]).join("");
      const seed = crypto.randomBytes(TOKEN_SEED_BYTES);
      const wearer = person ?? persons.keyOf({ scheme: "token", id: serial });
      const sealed = box.seal(seed);
      return { serial, seed: toHex(seed), sealed, person: wearer, autoCheckin, issuedMs: now() };
    });
    return store.writer.transaction(async (sql) => {
      for (const { seed: _, ...token } of made) await insertToken(sql, { ...token, revokedMs: null });
      return made.map(({ sealed: _, ...token }) => token);
    });
  }

  list(): Promise<readonly TokenEntry[]> {
    return listTokens(this.#parts.store.reader);
  }

  /** @throws {EngineInputError} ENGINE_INPUT when no token of this serial is in use */
  async revoke(serial: string): Promise<void> {
    const { store, now } = this.#parts;
    const revoked = await store.writer.transaction((sql) => revokeToken(sql, serial, now()));
    if (!revoked) throw new EngineInputError("no such token in use: `bluepost-engine tokens list` shows them");
  }
}
