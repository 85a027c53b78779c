import { toHex, utf8 } from "../../protocol/bytes.ts";
import type { MatchContent } from "../../protocol/checkin/envelope.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import type { PersonKey } from "../../protocol/ids.ts";

const PERSON_BYTES = 16;

/**
 * Turns a document into the key that the engine knows its holder by: HMAC-SHA256(engine secret, scheme | id), first 16 bytes.
 *
 * Without the secret a key says nothing; with it, document numbers can be tried one by one, so the secret stays in its file.
 */
export class PersonKeys {
  readonly #crypto: CryptoPort;
  readonly #secret: Uint8Array;

  constructor(crypto: CryptoPort, secret: Uint8Array) {
    this.#crypto = crypto;
    this.#secret = secret;
  }

  keyOf({ scheme, id }: MatchContent): PersonKey {
    const mac = this.#crypto.hmacSha256(this.#secret, utf8(`${scheme}|${id}`));
    return toHex(mac.subarray(0, PERSON_BYTES)) as PersonKey;
  }
}
