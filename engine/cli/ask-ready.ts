import { get } from "node:http";
import { get as getSecurely } from "node:https";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ENGINE_NAME } from "../../runtime/pki/authority.ts";

const PATIENCE_MS = 5_000;

/** `unready`: it runs, and its store takes no writes. `down`: nobody is there, or one of another authority. */
export type Serving = "ready" | "unready" | "down";

/**
 * Asks an engine whether it is ready.
 *
 * @param rootPem root of the authority that it must be of; null asks over plain HTTP
 */
export function askReady(host: string, port: number, rootPem: string | null): Promise<Serving> {
  const question = { host, port, path: "/readyz", agent: false, signal: AbortSignal.timeout(PATIENCE_MS) } as const;
  return new Promise((resolve) => {
    const asked =
      rootPem === null
        ? get(question)
        : getSecurely({
            ...question,
            ca: rootPem,
            servername: ENGINE_NAME,
            checkServerIdentity: (_host: string, peer: PeerCertificate) => checkServerIdentity(ENGINE_NAME, peer),
          });
    asked.once("error", () => resolve("down"));
    asked.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? "ready" : "unready");
    });
  });
}
