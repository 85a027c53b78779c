import { Value } from "@sinclair/typebox/value";
import { fromBase64Url } from "../../protocol/bytes.ts";
import {
  BATCHES_PATH,
  BATCHES_TYPE,
  type BatchAnswer,
  BatchSetAnswer,
  encodeBatchSet,
  REVOCATIONS_PATH,
  REVOCATIONS_TYPE,
  RevocationsBehind,
  SITE_KEYS_PATH,
  SITE_KEYS_TYPE,
} from "../../protocol/http/engine-api.ts";
import type { SiteId } from "../../protocol/ids.ts";
import { EngineAnswerError, type EngineClient, EngineUnreachableError } from "./engine-client.ts";
import { EngineHttps, type EngineTlsIdentity } from "./engine-https.ts";

/** An answer holds a few hundred bytes a batch. */
const MAX_ANSWER_BYTES = 4 << 20;
const CONFLICT = 409;
/** Too many requests, bad gateway, unavailable, gateway timeout: somebody else's moment, not this request's fault. */
const LATER = new Set([429, 502, 503, 504]);

/** {@link EngineClient} over HTTP with Node's own fetch, which keeps connections open. */
export class HttpEngineClient implements EngineClient {
  readonly #base: string;
  readonly #timeoutMs: number;
  readonly #https: EngineHttps | null = null;

  /**
   * @param options.url address of the engine; paths are appended to its own
   * @param options.identity needed for `https:`: the engine asks for this gateway's certificate, and shows one of the same authority
   */
  constructor(options: {
    readonly url: string;
    readonly timeoutMs: number;
    readonly identity?: () => EngineTlsIdentity;
  }) {
    if (options.url.startsWith("https:") && options.identity) this.#https = new EngineHttps(options.identity);
    this.#base = options.url.replace(/\/+$/, "");
    this.#timeoutMs = options.timeoutMs;
  }

  async postBatches(batches: readonly Uint8Array[], signal: AbortSignal): Promise<readonly BatchAnswer[]> {
    const body = { type: BATCHES_TYPE, bytes: encodeBatchSet(batches) };
    const response = await this.#post(BATCHES_PATH, body, signal);
    const answer = await readJson(response);
    if (!Value.Check(BatchSetAnswer, answer) || answer.results.length !== batches.length) {
      throw new EngineAnswerError("the engine's answer has not the form it should", { status: response.status });
    }
    return answer.results;
  }

  async postRevocations(list: Uint8Array, signal: AbortSignal): Promise<Uint8Array | null> {
    const response = await this.#send(REVOCATIONS_PATH, { type: REVOCATIONS_TYPE, bytes: list }, signal);
    if (response.status === CONFLICT) {
      const answer = await readJson(response);
      if (Value.Check(RevocationsBehind, answer)) return fromBase64Url(answer.held);
      throw new EngineAnswerError("the engine's answer has not the form it should", { status: response.status });
    }
    await (await requireOk(response)).body?.cancel();
    return null;
  }

  async fetchRevocations(site: SiteId, signal: AbortSignal): Promise<Uint8Array | null> {
    const response = await this.#post(`${REVOCATIONS_PATH}/${site}`, null, signal);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return bytes.length === 0 ? null : bytes;
  }

  async askSiteKey(question: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const response = await this.#post(SITE_KEYS_PATH, { type: SITE_KEYS_TYPE, bytes: question }, signal);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** @param body null: a GET */
  async #post(path: string, body: RequestBody | null, signal: AbortSignal): Promise<Response> {
    return requireOk(await this.#send(path, body, signal));
  }

  async #send(path: string, body: RequestBody | null, signal: AbortSignal): Promise<Response> {
    const url = new URL(`${this.#base}${path}`);
    const post = {
      ...(body && { body: new Uint8Array(body.bytes) }),
      method: body ? ("POST" as const) : ("GET" as const),
      headers: { ...(body && { "content-type": body.type }), accept: body ? "application/json" : REVOCATIONS_TYPE },
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
    };
    try {
      return await (this.#https?.ask(url, post) ?? fetch(url, { ...post, redirect: "error" }));
    } catch (cause) {
      throw new EngineUnreachableError("the engine does not answer", {}, { cause });
    }
  }
}

interface RequestBody {
  readonly type: string;
  readonly bytes: Uint8Array;
}

async function requireOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  if (LATER.has(status)) throw new EngineUnreachableError("the engine cannot take anything now", { status });
  throw new EngineAnswerError("the engine refused the whole request", { status });
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
