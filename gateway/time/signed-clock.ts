import { encodeSignedTime, TIME_NONCE_BYTES } from "../../protocol/checkin/signed-time.ts";
import { type CoseKey, signCose1 } from "../../protocol/cose.ts";
import { MalformedError } from "../../protocol/errors.ts";
import type { WallMs } from "../../protocol/units.ts";

export interface SignedClockDeps {
  /** The gateway's key, which kiosks have pinned. */
  readonly signingKey: CoseKey;
  readonly now: () => WallMs;
  /** How far off `now` may be, milliseconds; null while it is surely wrong. */
  readonly uncertaintyMs: () => number | null;
}

/** Answers the question what time it is, so that an answer cannot be replayed: it carries the asker's nonce. */
export class SignedClock {
  readonly #deps: SignedClockDeps;

  constructor(deps: SignedClockDeps) {
    this.#deps = deps;
  }

  /** @returns COSE_Sign1 over the time; null while this clock is surely wrong @throws {MalformedError} PROTO_MALFORMED when the nonce is not 16 bytes */
  async answer(nonce: Uint8Array): Promise<Uint8Array | null> {
    if (nonce.length !== TIME_NONCE_BYTES) throw new MalformedError("not a time nonce", { bytes: nonce.length });
    const { now, uncertaintyMs, signingKey } = this.#deps;
    const doubtMs = uncertaintyMs();
    if (doubtMs === null) return null;
    const uncertainty = Math.min(0xffffffff, Math.max(0, Math.round(doubtMs)));
    return signCose1(encodeSignedTime({ nonce, timeMs: now(), uncertaintyMs: uncertainty }), { key: signingKey });
  }
}
