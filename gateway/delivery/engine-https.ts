import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ENGINE_NAME } from "../../runtime/pki/authority.ts";

/** How this gateway shows itself to the engine, and whom it believes. Asked before each connection: certificates are renewed. */
export interface EngineTlsIdentity {
  readonly key: string;
  /** The gateway's certificate, then the site's. */
  readonly cert: string;
  /** The authority's root. */
  readonly ca: string;
}

export interface EngineHttpsRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/**
 * Asks the engine over mutual TLS; what Node's `fetch` cannot, having no client certificates. The engine is known by its name in the
 * certificate, not by its address.
 */
export class EngineHttps {
  readonly #identity: () => EngineTlsIdentity;
  #agent = new Agent({ keepAlive: true });
  #shown = "";

  constructor(identity: () => EngineTlsIdentity) {
    this.#identity = identity;
  }

  /** @throws the system's fault when there is no whole answer */
  ask(url: URL, { method, headers = {}, body, signal }: EngineHttpsRequest): Promise<Response> {
    const agent = this.#current();
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent, signal });
      sent.on("response", (response) => void readAll(response).then(resolve, reject));
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** An agent whose connections show the certificate of today. */
  #current(): Agent {
    const identity = this.#identity();
    if (identity.cert === this.#shown) return this.#agent;
    this.#agent.destroy();
    this.#shown = identity.cert;
    this.#agent = new Agent({
      ...identity,
      keepAlive: true,
      servername: ENGINE_NAME,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      checkServerIdentity: (_host: string, peer: PeerCertificate) => checkServerIdentity(ENGINE_NAME, peer),
    });
    return this.#agent;
  }
}

async function readAll(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const status = response.statusCode ?? 502;
  const type = response.headers["content-type"] ?? "";
  return new Response(status === 204 ? null : new Uint8Array(Buffer.concat(chunks)), {
    status,
    headers: { "content-type": type },
  });
}
