import { get } from "node:http";
import { get as getSecurely } from "node:https";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ENGINE_NAME } from "../../runtime/pki/authority.ts";

const PATIENCE_MS = 5_000;

/**
 * Whether an engine answers on this machine that it is ready; nobody there, or one of another authority, is the answer no.
 *
 * @param rootPem root of the authority that it must be of; null asks over plain HTTP
 */
export function askReady(host: string, port: number, rootPem: string | null): Promise<boolean> {
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
    asked.once("error", () => resolve(false));
    asked.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
  });
}
