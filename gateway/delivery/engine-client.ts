import { BluepostError, type SafeDetails } from "../../protocol/errors.ts";
import type { BatchAnswer } from "../../protocol/http/engine-api.ts";
import type { SiteId } from "../../protocol/ids.ts";
import { faultFields } from "../../runtime/log.ts";

/** The engine did not answer, or said that it cannot now. The same request may work later. */
export class EngineUnreachableError extends BluepostError {
  readonly code = "GW_ENGINE_UNREACHABLE";
  readonly recovery = "retry";
}

/** The engine answered, but not as it should: an error for the whole request, or an answer that is not of the form. */
export class EngineAnswerError extends BluepostError {
  readonly code = "GW_ENGINE_ANSWER";
  readonly recovery = "retry";
}

/** What may be logged of a request that the engine refused, or of any other fault. */
export function refusalFields(fault: unknown): SafeDetails {
  return { ...faultFields(fault), ...(fault instanceof EngineAnswerError && fault.details) };
}

/** The way to the engine. Posting the same batches again is harmless. */
export interface EngineClient {
  /**
   * Posts a set of signed batches.
   *
   * @param batches at most BATCH_SET_MAX, in the order in which they were taken
   * @returns one answer a batch, in the same order
   * @throws {EngineUnreachableError} GW_ENGINE_UNREACHABLE and {EngineAnswerError} GW_ENGINE_ANSWER
   */
  postBatches(batches: readonly Uint8Array[], signal: AbortSignal): Promise<readonly BatchAnswer[]>;
  /**
   * Posts the site's signed revocation list; absent where the other side takes none.
   *
   * @returns null when the engine holds this list now; else the signed list that it goes on holding, unverified
   * @throws {EngineUnreachableError} GW_ENGINE_UNREACHABLE and {EngineAnswerError} GW_ENGINE_ANSWER when it refuses the list
   */
  postRevocations?(list: Uint8Array, signal: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Asks which kiosks of this site the authority wants revoked; absent where the other side gives no such orders.
   *
   * @returns the engine's signed list; null when there is none
   * @throws {EngineUnreachableError} GW_ENGINE_UNREACHABLE and {EngineAnswerError} GW_ENGINE_ANSWER
   */
  fetchRevocations?(site: SiteId, signal: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Carries a kiosk's question for the key of its site's doors; absent where the other side has none.
   *
   * @returns the answer, sealed to the kiosk
   * @throws {EngineUnreachableError} GW_ENGINE_UNREACHABLE and {EngineAnswerError} GW_ENGINE_ANSWER when it refuses the question
   */
  askSiteKey?(question: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}
