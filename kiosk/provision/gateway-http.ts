import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { BluepostError } from "../../protocol/errors.ts";

/** The gateway's HTTP does not answer, or not in time, or TLS with it fails. `details.reason` is the system's own code. */
export class GatewayHttpError extends BluepostError {
  readonly code = "KIOSK_GATEWAY_HTTP";
  readonly recovery = "retry";
}

/** Whom an HTTPS server must prove to be. */
export interface PinnedServer {
  /** PEM. */
  readonly root: string;
  readonly name: string;
  /** Looks at the server's certificate (DER) once its chain and name hold. @throws when it is not the one that is expected */
  readonly check?: (certificate: Uint8Array) => void;
}

export interface GatewayRequest {
  readonly url: string;
  /** Sent as JSON by POST; without it the request is a GET. */
  readonly body?: unknown;
  /** Needed for `https:`: the system's own authorities are never asked. */
  readonly server?: PinnedServer;
  readonly signal?: AbortSignal;
}

export interface GatewayReply {
  readonly status: number;
  readonly body: Uint8Array;
}

const TIMEOUT_MS = 10_000;
/** Longest answer that is read: three certificates and a trust file take a tenth of it. */
const MAX_ANSWER_BYTES = 131_072;

/** Asks the gateway something. @throws {GatewayHttpError} KIOSK_GATEWAY_HTTP when there is no whole answer */
export function askGateway(ask: GatewayRequest): Promise<GatewayReply> {
  const { url, body, server, signal } = ask;
  const text = body === undefined ? null : JSON.stringify(body);
  const common = {
    method: text === null ? "GET" : "POST",
    timeout: TIMEOUT_MS,
    agent: false,
    ...(text !== null && { headers: { "content-type": "application/json" } }),
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(failure(cause));
    const sent = url.startsWith("https:")
      ? tlsRequest(url, { ...common, ...tlsOptions(server) })
      : plainRequest(url, common);
    sent.on("response", (response) => void readAll(response).then(resolve, fail));
    sent.on("timeout", () => sent.destroy(new Error("timeout")));
    sent.on("error", fail);
    sent.end(text ?? undefined);
  });
}

function tlsOptions(server: PinnedServer | undefined): object {
  if (!server) throw new GatewayHttpError("no authority to check the gateway by", { reason: "no_pin" });
  return {
    ca: server.root,
    servername: server.name,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    // the request goes to an address; the name that counts is the gateway's own
    checkServerIdentity: (_host: string, peer: PeerCertificate): Error | undefined =>
      checkServerIdentity(server.name, peer) ?? checkFault(server, new Uint8Array(peer.raw)),
  };
}

function checkFault(server: PinnedServer, raw: Uint8Array): Error | undefined {
  try {
    server.check?.(raw);
    return undefined;
  } catch (fault) {
    return fault instanceof Error ? fault : new Error("not the gateway");
  }
}

async function readAll(response: IncomingMessage): Promise<GatewayReply> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error("too long");
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(chunks)) };
}

function failure(cause: Error): GatewayHttpError {
  const reason = "code" in cause && typeof cause.code === "string" ? cause.code : cause.message.slice(0, 40);
  return new GatewayHttpError(`the gateway does not answer as it should (${reason})`, { reason }, { cause });
}
