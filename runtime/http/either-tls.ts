import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";

/** First byte of a TLS connection. Source: RFC 8446, section 5.1, ContentType handshake. */
const TLS_HANDSHAKE = 22;
/** Time for a client to say its first byte, milliseconds. */
const FIRST_BYTE_MS = 10_000;

/**
 * Makes a server that speaks HTTP and HTTPS on one port, told apart by the first byte: kiosks whose clock is too wrong for TLS ask for
 * signed time on the port where people open a page that must be secret.
 *
 * @param tls certificate and key, PEM
 */
export function createEitherServer(
  tls: { readonly cert: string; readonly key: string },
  options: { readonly requestTimeout: number },
  handler: RequestListener,
): Server {
  const front = createServer(options, handler);
  const secure = createSecureServer({ ...tls, ...options, minVersion: "TLSv1.2" }, handler);
  const [servePlain] = front.listeners("connection") as ((socket: Socket) => void)[];
  const open = new Set<Socket>(); // also those that neither server counts: silent ones, and handshakes under way
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
      else servePlain?.call(front, socket);
    });
  });
  front.closeAllConnections = () => {
    for (const socket of open) socket.destroy();
  };
  return front;
}
