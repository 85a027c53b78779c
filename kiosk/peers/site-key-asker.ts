import { equalBytes } from "../../protocol/bytes.ts";
import { createHpkeKeyPair, type HpkeKeyPair, hpkePublicKey } from "../../protocol/checkin/hpke-box.ts";
import { decodeSealedSiteKey, encodeSiteKeyRequest, openSiteKey } from "../../protocol/checkin/site-key.ts";
import { type CoseKey, parseCose1, signCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { SiteId } from "../../protocol/ids.ts";
import { type BoottimeMs, MINUTE_MS } from "../../protocol/units.ts";
import type { DayDesk } from "../day/day-desk.ts";
import type { CheckinLog } from "../ledger/checkin-log.ts";
import type { UplinkTransport } from "../uplink/transport.ts";
import type { DeviceSigner } from "../uplink/uplink.ts";

export interface SiteKeyAskerDeps {
  readonly site: SiteId;
  readonly log: Pick<CheckinLog, "key" | "dayKeysDay">;
  readonly days: Pick<DayDesk, "adopt">;
  readonly signer: DeviceSigner;
  readonly engineKey: CoseKey;
  readonly transport: Pick<UplinkTransport, "publish">;
}

/** Without an answer it is asked again after this time, milliseconds. */
const ASK_EVERY_MS = 10 * MINUTE_MS;

/**
 * Asks the engine for the key that the doors of this site share: as soon as the door knows the day, and once a day after that, since a
 * kiosk of the site that was revoked ends it.
 */
export class SiteKeyAsker {
  readonly #deps: SiteKeyAskerDeps;
  #asked: { readonly pair: HpkeKeyPair; readonly publicKey: Uint8Array } | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** Site day for which the engine has answered. */
  #answeredDay: number | null = null;

  constructor(deps: SiteKeyAskerDeps) {
    this.#deps = deps;
  }

  /** Asks if it is due; while there is no gateway, the next call does. */
  async tick(nowMs: BoottimeMs): Promise<void> {
    const { dayKeysDay } = this.#deps.log;
    if (dayKeysDay === null || dayKeysDay === this.#answeredDay || nowMs - this.#askedMs < ASK_EVERY_MS) return;
    this.#askedMs = nowMs;
    const { site, log, signer, transport } = this.#deps;
    const pair = await createHpkeKeyPair();
    const publicKey = await hpkePublicKey(pair);
    this.#asked = { pair, publicKey };
    const question = encodeSiteKeyRequest({ site, device: log.key.device, publicKey });
    const signed = await signCose1(question, { key: signer.key, x5chain: signer.chain });
    await transport.publish("site-key-request", signed, { qos: 0 }).catch(() => this.forgetAsking());
  }

  /** The connection is gone, and a question with it. */
  forgetAsking(): void {
    this.#askedMs = Number.NEGATIVE_INFINITY;
  }

  /** Another door goes by another key: this door's may have ended. */
  doubt(): void {
    this.#answeredDay = null;
  }

  /**
   * Takes the engine's answer.
   *
   * @returns whether the door goes by another key now
   * @throws {MalformedError} PROTO_MALFORMED, {OutOfRangeError} PROTO_OUT_OF_RANGE or {BadSealError} PROTO_BAD_SEAL when it is not the
   *   engine's answer to this door's last question; {StoreError} RT_STORE_FAILED when it could not be kept
   */
  async answer(payload: Uint8Array): Promise<boolean> {
    const { log, days, engineKey } = this.#deps;
    const message = parseCose1(payload);
    await verifyCose1(message, engineKey);
    const sealed = decodeSealedSiteKey(message.payload);
    const asked = this.#asked;
    if (!asked || !equalBytes(sealed.publicKey, asked.publicKey)) return false; // of a question that was asked again since
    const adoption = await days.adopt(await openSiteKey(sealed, asked.pair));
    this.#asked = null;
    if (adoption !== "not_now") this.#answeredDay = log.dayKeysDay;
    return adoption === "adopted";
  }
}
