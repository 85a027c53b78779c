import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { equalBytes, fromHex, toBase64Url } from "../../protocol/bytes.ts";
import { signCose1 } from "../../protocol/cose.ts";
import {
  encodeRenewal,
  NonceAnswer,
  RENEW_NONCE_PATH,
  RENEW_PATH,
  RENEW_REFUSALS,
  RenewAnswer,
  type RenewRefusal,
  type RenewRequest,
} from "../../protocol/http/renewal.ts";
import type { WallMs } from "../../protocol/units.ts";
import { certificatePublicKey, pemToChain, rawKeyPair, verifyDeviceChain } from "../../runtime/pki/chain.ts";
import { writeFileSafely } from "../../runtime/safe-file.ts";
import type { DeviceBundle } from "./bundle.ts";
import { askSecurely, type FoundGateway, type GatewayPin, parseAnswer, Refused } from "./gateway-link.ts";

/** What a kiosk that has papers knows of its gateway; null when its bundle was made by hand and names no HTTP. */
export function pinOf(bundle: DeviceBundle): GatewayPin | null {
  const { site, trust, gateway } = bundle;
  if (gateway.httpPort === null) return null;
  const host = gateway.host.includes(":") ? `[${gateway.host}]` : gateway.host;
  const root = new Uint8Array(new X509Certificate(trust.root).raw);
  return {
    url: `http://${host}:${gateway.httpPort}`,
    site,
    trusts: (shown) => equalBytes(shown, root),
    key: certificatePublicKey(trust.gateway),
  };
}

/** End of a certificate's validity, milliseconds since 1970. */
export function endsAt(certificatePem: string): WallMs {
  return Date.parse(new X509Certificate(certificatePem).validTo) as WallMs;
}

const Problem = Type.Object({ code: Type.String() });

/**
 * Gets a new certificate for this device's key, also when the old one has run out: the key signs the gateway's nonce.
 *
 * @returns the new chain, PEM, checked up to the root
 * @throws {Refused} with the gateway's reason
 */
export async function renewAt(gateway: FoundGateway, bundle: DeviceBundle): Promise<string> {
  const { site, device, signer, trust, tls } = bundle;
  const asked = await askSecurely(gateway, { path: RENEW_NONCE_PATH });
  const { nonce } = parseAnswer(NonceAnswer, asked.body);
  const proof = await signCose1(encodeRenewal({ site, device, nonce: fromHex(nonce) }), { key: signer.key });
  const body: RenewRequest = { v: 1, proof: toBase64Url(proof) };
  const reply = await askSecurely(gateway, { path: RENEW_PATH, body });
  if (reply.status !== 200) throw new Refused<RenewRefusal | "bad_answer">(refusalIn(reply.body));
  const { certificate } = parseAnswer(RenewAnswer, reply.body);
  const identity = verifyDeviceChain(pemToChain(certificate), trust.root);
  const isOurs =
    identity.site === site &&
    identity.device === device &&
    equalBytes(identity.publicKey, rawKeyPair(tls.key).publicKey);
  if (!isOurs) throw new Refused("bad_answer");
  return certificate;
}

/** Puts a new certificate in the place of the old one, whole or not at all. */
export async function keepCertificate(folder: string, certificatePem: string): Promise<void> {
  await writeFileSafely(join(folder, "device.crt.pem"), `${certificatePem.trim()}\n`, 0o600);
}

function refusalIn(body: Uint8Array): RenewRefusal | "bad_answer" {
  const { code } = parseAnswer(Problem, body);
  return RENEW_REFUSALS.find((one) => one === code) ?? "bad_answer";
}
