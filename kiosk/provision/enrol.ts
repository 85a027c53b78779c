import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import {
  CLAIM_REFUSALS,
  type ClaimRefusal,
  ENROL_PATH,
  EnrolAnswer,
  type EnrolRequest,
} from "../../protocol/http/enrolment.ts";
import type { SetupRefusal } from "../../protocol/http/kiosk-screen.ts";
import type { SetupCode } from "../../protocol/qr/reading.ts";
import type { WallMs } from "../../protocol/units.ts";
import { certificatePublicKey, pemToChain, rawKeyPair, verifyDeviceChain } from "../../runtime/pki/chain.ts";
import { createRequest } from "../../runtime/pki/request.ts";
import { Trust } from "../../runtime/pki/trust.ts";
import { GatewayHttpError } from "./gateway-http.ts";
import {
  askSecurely,
  askTime,
  bringClock,
  type FoundGateway,
  findGateway,
  parseAnswer,
  Refused,
  type SetClock,
} from "./gateway-link.ts";
import type { BundleFiles } from "./write-bundle.ts";

export interface EnrolDeps {
  readonly crypto: CryptoPort;
  /** The machine's wall clock, as TLS sees it. */
  readonly systemWall: () => WallMs;
  readonly setClock: SetClock;
  /** PKCS #8; made on this device and never sent. */
  readonly privateKeyPem: string;
  readonly signal?: AbortSignal;
}

/** What became of a setup code. */
export type Enrolled =
  | { readonly kind: "enrolled"; readonly files: BundleFiles }
  | { readonly kind: "refused"; readonly reason: SetupRefusal };

const Problem = Type.Object({ code: Type.String() });

/**
 * Takes a setup code to its gateway and comes back with a bundle. Never throws for what a code or a gateway may do wrong.
 *
 * In this order, each step standing on the one before: the authority that the code pins; signed time from the gateway that this
 * authority vouches for, when this clock is too wrong for TLS; TLS with that gateway and no other; the answer, checked up to the root.
 */
export async function enrolWith(setup: SetupCode, deps: EnrolDeps): Promise<Enrolled> {
  const { crypto, signal } = deps;
  const trusts = (_root: Uint8Array, authority: Uint8Array): boolean =>
    toHex(crypto.sha256(authority)) === setup.caSha256;
  try {
    const gateway = await findGateway({ url: setup.url, site: setup.site, trusts, ...(signal && { signal }) });
    await bringClock(await askTime(gateway, crypto), deps);
    return { kind: "enrolled", files: await enrolAt(setup, gateway, deps) };
  } catch (fault) {
    if (fault instanceof Refused) return { kind: "refused", reason: fault.reason };
    if (fault instanceof GatewayHttpError) return { kind: "refused", reason: "unreachable" };
    if (fault instanceof BluepostError) return { kind: "refused", reason: "bad_answer" };
    throw fault;
  }
}

async function enrolAt(setup: SetupCode, gateway: FoundGateway, deps: EnrolDeps): Promise<BundleFiles> {
  const { crypto, privateKeyPem } = deps;
  const body: EnrolRequest = {
    v: 1,
    token: setup.token,
    site: setup.site,
    venue: setup.venue,
    authority: setup.caSha256,
    csr: await createRequest(privateKeyPem),
  };
  const reply = await askSecurely(gateway, { path: ENROL_PATH, body });
  if (reply.status !== 200) throw new Refused(refusalIn(reply.body));
  const { settings, certificate, trust } = parseAnswer(EnrolAnswer, reply.body);
  if (!Value.Check(Trust, trust)) throw new Refused("bad_answer");
  const chain = pemToChain(certificate);
  const identity = verifyDeviceChain(chain, gateway.root);
  const isOurs =
    identity.site === setup.site &&
    settings.site === setup.site &&
    settings.device === identity.device &&
    settings.venue === setup.venue &&
    toHex(crypto.sha256(chain[1] as Uint8Array)) === setup.caSha256 &&
    trust.root.trim() === gateway.root.trim() &&
    equalBytes(certificatePublicKey(trust.gateway), gateway.key) &&
    equalBytes(identity.publicKey, rawKeyPair(privateKeyPem).publicKey);
  if (!isOurs) throw new Refused("bad_answer");
  return { privateKeyPem, certificatePem: certificate, trust, settings };
}

function refusalIn(body: Uint8Array): ClaimRefusal {
  const { code } = parseAnswer(Problem, body);
  const reason = CLAIM_REFUSALS.find((one) => one === code);
  if (!reason) throw new Refused("bad_answer");
  return reason;
}
