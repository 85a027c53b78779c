import { Value } from "@sinclair/typebox/value";
import {
  BATCHES_PATH,
  BATCHES_TYPE,
  type BatchAnswer,
  BatchSetAnswer,
  encodeBatchSet,
} from "../../protocol/http/engine-api.ts";
import { EngineAnswerError, type EngineClient, EngineUnreachableError } from "./engine-client.ts";

/** An answer holds a few hundred bytes a batch. */
const MAX_ANSWER_BYTES = 4 << 20;
/** Too many requests, bad gateway, unavailable, gateway timeout: somebody else's moment, not this request's fault. */
const LATER = new Set([429, 502, 503, 504]);

/** {@link EngineClient} over HTTP with Node's own fetch, which keeps connections open. */
export class HttpEngineClient implements EngineClient {
  readonly #url: URL;
  readonly #timeoutMs: number;

  /** @param options.url address of the engine; {@link BATCHES_PATH} is appended to its path */
  constructor(options: { readonly url: string; readonly timeoutMs: number }) {
    this.#url = new URL(`${options.url.replace(/\/+$/, "")}${BATCHES_PATH}`);
    this.#timeoutMs = options.timeoutMs;
  }

  async postBatches(batches: readonly Uint8Array[], signal: AbortSignal): Promise<readonly BatchAnswer[]> {
    const response = await this.#post(batches, signal);
    if (LATER.has(response.status)) {
      await response.body?.cancel();
      throw new EngineUnreachableError("the engine cannot take batches now", { status: response.status });
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new EngineAnswerError("the engine refused the whole request", { status: response.status });
    }
    const answer = await readJson(response);
    if (!Value.Check(BatchSetAnswer, answer) || answer.results.length !== batches.length) {
      throw new EngineAnswerError("the engine's answer has not the form it should", { status: response.status });
    }
    return answer.results;
  }

  async #post(batches: readonly Uint8Array[], signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": BATCHES_TYPE, accept: "application/json" },
        body: new Uint8Array(encodeBatchSet(batches)),
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
      });
    } catch (cause) {
      throw new EngineUnreachableError("the engine does not answer", {}, { cause });
    }
  }
}

async function readJson(response: Response): Promise<unknown> {
  if (Number(response.headers.get("content-length") ?? 0) > MAX_ANSWER_BYTES) {
    await response.body?.cancel();
    throw new EngineAnswerError("the engine's answer is too long", { status: response.status });
  }
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new EngineAnswerError("the engine's answer is not JSON", { status: response.status }, { cause });
    }
    throw new EngineUnreachableError("the engine's answer broke off", { status: response.status }, { cause });
  }
}
