import { X509Certificate } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { DAY_MS } from "../../protocol/units.ts";
import type { Identity } from "../../runtime/pki/authority.ts";
import { createSelfSigned } from "../../runtime/pki/x509-self-signed.ts";
import { readFileIfThere, writeFileSafely } from "../../runtime/safe-file.ts";

const RENEW_DAYS = 30;

/** Reads the fleet page's own certificate, or makes one when there is none or it ends soon. */
export async function openPageCertificate(dataDir: string, nowMs: number): Promise<Identity> {
  const [crt, key] = [join(dataDir, "page.crt.pem"), join(dataDir, "page.key.pem")];
  const [certificatePem, privateKeyPem] = [await readFileIfThere(crt), await readFileIfThere(key)];
  if (certificatePem && privateKeyPem && endsMs(certificatePem) > nowMs + RENEW_DAYS * DAY_MS) {
    return { certificatePem, privateKeyPem };
  }
  const made = await createSelfSigned(ownNames(), nowMs);
  await writeFileSafely(key, made.privateKeyPem, 0o600);
  await writeFileSafely(crt, made.certificatePem);
  return made;
}

/** SHA-256 of a certificate as browsers show it. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256;
}

function endsMs(pem: string): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return 0; // damaged: made anew
  }
}

function ownNames(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const plain = addresses.filter((address) => !address.includes("%") && !address.startsWith("fe80"));
  return [...new Set([hostname(), `${hostname()}.local`, "localhost", ...plain])];
}
