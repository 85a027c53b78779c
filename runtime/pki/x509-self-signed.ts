import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { DAY_MS } from "../../protocol/units.ts";
import type { Identity } from "./authority.ts";

x509.cryptoProvider.set(webcrypto as never); // the library types this as the DOM's Crypto, which Node's is at run time

/** Browsers take P-256 and not Ed25519, which every other certificate here has. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAYS = 825;

/**
 * Makes a certificate that signs itself, for a page that people open by address: a browser asks once whether to believe it.
 *
 * @param names DNS names and IP addresses that the page is opened by
 */
export async function createSelfSigned(names: readonly string[], nowMs: number): Promise<Identity> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${names[0] ?? "bluepost"}`,
    keys: keys as never, // as above: the library asks for the DOM's type
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs - DAY_MS),
    notAfter: new Date(nowMs + DAYS * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? ("ip" as const) : ("dns" as const), value })),
      ),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificatePem: certificate.toString("pem"), privateKeyPem: x509.PemConverter.encode(der, "PRIVATE KEY") };
}
