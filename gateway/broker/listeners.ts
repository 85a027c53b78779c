import { X509Certificate } from "node:crypto";
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from "node:tls";
import { BluepostError } from "../../protocol/errors.ts";
import type { DeviceId, SiteId } from "../../protocol/ids.ts";
import { pemToChain, verifyDeviceChain } from "../../runtime/pki/chain.ts";
import { PacketMeter } from "./packet-meter.ts";

/** An address could not be taken: another program uses the port, or this one may not. `details.port` names it. */
export class BrokerUnavailableError extends BluepostError {
  readonly code = "GW_BROKER_UNAVAILABLE";
  readonly recovery = "operator";
}

/** Who a certificate proves a connection to be. */
export interface PeerIdentity {
  readonly device: DeviceId;
  readonly fingerprint: string;
}

export interface TlsSettings {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** PEM: the gateway's key, and its certificate followed by the site's. */
  readonly key: string;
  readonly cert: string;
  /** PEM: the site's intermediates that sign devices or did, and the root above them. */
  readonly siteAuthorities: readonly string[];
  readonly root: string;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** CONNECT holds an id, a user name and a will: some hundred bytes. */
const MAX_CONNECT_BYTES = 4_096;

/** Listens with mutual TLS: `accept` gets sockets whose certificate is a device's of this site, `refuse` is told of the others. */
export function tlsListener(
  site: SiteId,
  settings: TlsSettings,
  on: { readonly accept: (socket: Socket, peer: PeerIdentity) => void; readonly refuse: () => void },
): TlsServer {
  const server = createTlsServer({
    ...contextOf(settings, settings),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
  const authorities = settings.siteAuthorities.flatMap((pem) => pemToChain(pem).slice(0, 1));
  server.on("secureConnection", (socket) => {
    socket.on("error", ignore); // ends in "close", which is what counts
    const peer = peerOf(site, socket, authorities, settings.root);
    if (peer) on.accept(socket, peer);
    else {
      on.refuse();
      socket.destroy();
    }
  });
  server.on("tlsClientError", (_fault, socket) => {
    on.refuse();
    socket.destroy();
  });
  return server;
}

/** What a listener shows, and whom it believes; also for `setSecureContext`, when the gateway has a new certificate. */
export function contextOf(
  settings: Pick<TlsSettings, "root" | "siteAuthorities"> | null,
  { key, cert }: Pick<TlsSettings, "key" | "cert">,
): SecureContextOptions {
  return { key, cert, ca: settings ? [settings.root, ...settings.siteAuthorities] : [], minVersion: "TLSv1.2" };
}

/** Listens without TLS; give it a loopback address only. */
export function plainListener(accept: (socket: Socket) => void): Server {
  return createPlainServer({ noDelay: true }, (socket) => {
    socket.on("error", ignore); // ends in "close", which is what counts
    accept(socket);
  });
}

/** Takes the address. @returns the port @throws {BrokerUnavailableError} GW_BROKER_UNAVAILABLE */
export function listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const reason = "code" in cause ? String(cause.code) : "unknown";
      reject(
        new BrokerUnavailableError(
          `cannot listen on port ${address.port} (${reason})`,
          { port: address.port },
          { cause },
        ),
      );
    });
    server.listen(address, () => {
      server.on("error", ignore); // accept failures (EMFILE) pass; the listener stays
      const bound = server.address();
      resolve(typeof bound === "object" && bound ? bound.port : address.port);
    });
  });
}

/** What stands between a socket and its reader. */
export interface ReadFilter {
  /** @returns false when a packet is too long; the socket is destroyed then */
  readonly measure: (chunk: Uint8Array) => boolean;
  /** @returns what the reader gets of these bytes; null for nothing */
  readonly pass: (chunk: Buffer) => Buffer | null;
  /** Whether nothing may be read now; who says so emits "readable" when it is over. */
  readonly isStalled: () => boolean;
}

/** Meter of one connection's packets; the first one has a tighter bound. */
export function meterFor(maxBytes: number): PacketMeter {
  return new PacketMeter({ maxBytes, maxFirstBytes: Math.min(maxBytes, MAX_CONNECT_BYTES) });
}

/**
 * Puts a filter before a socket's reader. The reader is aedes, which parses whatever `read()` returns, takes it only when it has
 * finished what it had, and has no bound of its own.
 */
export function filterReads(socket: Socket, { measure, pass, isStalled }: ReadFilter): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    if (isStalled()) return null;
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk)) return chunk;
    if (measure(chunk)) return pass(chunk);
    socket.destroy();
    return null;
  };
}

/** TLS has looked at the times of the whole chain; here it must lead to an intermediate of this very site. */
function peerOf(
  site: SiteId,
  socket: TLSSocket,
  authorities: readonly Uint8Array[],
  root: string,
): PeerIdentity | null {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  if (!certificate) return null;
  const isIssuer = (authority: Uint8Array): boolean => {
    const { publicKey } = new X509Certificate(authority);
    return certificate.verify(publicKey);
  };
  try {
    const chain = [new Uint8Array(certificate.raw), ...authorities.filter(isIssuer).slice(0, 1)];
    const identity = verifyDeviceChain(chain, root);
    return identity.site === site ? { device: identity.device, fingerprint: identity.fingerprint } : null;
  } catch (fault) {
    if (fault instanceof BluepostError) return null;
    throw fault;
  }
}

function ignore(): void {}
