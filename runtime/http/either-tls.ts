import { createServer, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** First byte of a TLS connection. Source: RFC 8446, section 5.1, ContentType handshake. */
const TLS_HANDSHAKE = 22;
/** Time for a client to say its first byte, milliseconds. */
const FIRST_BYTE_MS = 10_000;

export interface EitherServerOptions {
  /** Milliseconds for a client to complete its handshake, and again for all of a request; an answer may take as long as it likes. */
  readonly requestTimeout: number;
  /** Connections at once; one more is closed as soon as it comes. */
  readonly maxConnections: number;
}

/**
 * Makes a server that speaks HTTP and HTTPS on one port, told apart by the first byte: kiosks whose clock is too wrong for TLS ask for
 * signed time on the port where people open a page that must be secret.
 *
 * What comes out of TLS is served by the same HTTP server as what comes plain: only one that listens watches over its connections' time.
 *
 * @param tls certificate and key, PEM
 */
export function createEitherServer(
  tls: { readonly cert: string; readonly key: string },
  { requestTimeout, maxConnections }: EitherServerOptions,
  handler: RequestListener,
): Server {
  const connectionsCheckingInterval = Math.ceil(requestTimeout / 2);
  const front = createServer({ requestTimeout, connectionsCheckingInterval }, handler);
  front.maxConnections = maxConnections;
  const [serve] = front.listeners("connection") as ((socket: Socket) => void)[];
  const secure = createTlsServer({
    ...tls,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: requestTimeout,
  });
  secure.on("secureConnection", (socket) => serve?.call(front, socket));
  secure.on("tlsClientError", (_fault, socket) => socket.destroy());
  const open = new Set<Socket>(); // also those that the server does not count: silent ones, and handshakes under way
  front.removeAllListeners("connection");
  front.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.setTimeout(FIRST_BYTE_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("readable", () => {
      const first = socket.read(1) as Buffer | null;
      if (first === null) {
        socket.destroy(); // ended without a word
        return;
      }
      socket.unshift(first);
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      if (first[0] === TLS_HANDSHAKE) secure.emit("connection", socket);
      else serve?.call(front, socket);
    });
  });
  front.closeAllConnections = () => {
    for (const socket of open) socket.destroy();
  };
  return front;
}
