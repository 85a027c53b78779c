import { X509Certificate } from "node:crypto";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { decodeSignedTime, TIME_NONCE_BYTES } from "../../protocol/checkin/signed-time.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import {
  AUTHORITY_PATH,
  AuthorityAnswer,
  CLAIM_REFUSALS,
  type ClaimRefusal,
  ENROL_PATH,
  EnrolAnswer,
  type EnrolRequest,
} from "../../protocol/http/enrolment.ts";
import type { SetupRefusal } from "../../protocol/http/kiosk-screen.ts";
import { parseSiteId } from "../../protocol/ids.ts";
import type { SetupCode } from "../../protocol/qr/reading.ts";
import type { WallMs } from "../../protocol/units.ts";
import { gatewayName } from "../../runtime/pki/authority.ts";
import { certificatePublicKey, pemToChain, rawKeyPair, verifyDeviceChain } from "../../runtime/pki/chain.ts";
import { createRequest } from "../../runtime/pki/request.ts";
import { Trust } from "../../runtime/pki/trust.ts";
import { askGateway, GatewayHttpError } from "./gateway-http.ts";
import type { BundleFiles } from "./write-bundle.ts";

/** Sets this machine's clock. @returns whether it is set */
export type SetClock = (wallMs: WallMs) => Promise<boolean>;

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

/** Ends an attempt; never leaves this file. */
class Refused extends Error {
  readonly reason: SetupRefusal;

  constructor(reason: SetupRefusal) {
    super(reason);
    this.reason = reason;
  }
}

/** A clock that is off by more than this may find a certificate not yet valid (they are valid from a day back), milliseconds. */
const CLOCK_OFF_MS = 12 * 3_600_000;

const Problem = Type.Object({ code: Type.String() });

/**
 * Takes a setup code to its gateway and comes back with a bundle. Never throws for what a code or a gateway may do wrong.
 *
 * In this order, each step standing on the one before: the authority that the code pins; signed time from the gateway that this
 * authority vouches for, when this clock is too wrong for TLS; TLS with that gateway and no other; the answer, checked up to the root.
 */
export async function enrolWith(setup: SetupCode, deps: EnrolDeps): Promise<Enrolled> {
  try {
    const gateway = await findGateway(setup, deps);
    await bringClock(setup, gateway, deps);
    return { kind: "enrolled", files: await enrolAt(setup, gateway, deps) };
  } catch (fault) {
    if (fault instanceof Refused) return { kind: "refused", reason: fault.reason };
    if (fault instanceof GatewayHttpError) return { kind: "refused", reason: "unreachable" };
    if (fault instanceof BluepostError) return { kind: "refused", reason: "bad_answer" };
    throw fault;
  }
}

/** Asks who the gateway is, and believes it only as far as the pin reaches. */
async function findGateway(setup: SetupCode, { crypto, signal }: EnrolDeps): Promise<AuthorityAnswer> {
  const reply = await askGateway({ url: new URL(AUTHORITY_PATH, setup.url).href, ...(signal && { signal }) });
  if (reply.status !== 200) throw new Refused("unreachable");
  const found = parseAnswer(AuthorityAnswer, reply.body);
  const [root, authority, gateway] = [found.root, found.authority, found.gateway].map(readCertificate);
  if (!root || !authority || !gateway) throw new Refused("bad_answer");
  if (toHex(crypto.sha256(new Uint8Array(authority.raw))) !== setup.caSha256 || found.site !== setup.site)
    throw new Refused("wrong_authority");
  const vouched =
    authority.checkIssued(root) &&
    authority.verify(root.publicKey) &&
    gateway.checkIssued(authority) &&
    gateway.verify(authority.publicKey) &&
    gateway.checkHost(gatewayName(parseSiteId(setup.site))) !== undefined;
  if (!vouched) throw new Refused("wrong_authority");
  return found;
}

/** Sets a clock that TLS could not work with; verification is never switched off instead. */
async function bringClock(setup: SetupCode, gateway: AuthorityAnswer, deps: EnrolDeps): Promise<void> {
  const { crypto, systemWall, setClock, signal } = deps;
  const nonce = crypto.randomBytes(TIME_NONCE_BYTES);
  const url = new URL(`/time?nonce=${toHex(nonce)}`, setup.url).href;
  const reply = await askGateway({ url, ...(signal && { signal }) });
  if (reply.status !== 200) throw new Refused("unreachable");
  const message = parseCose1(reply.body);
  await verifyCose1(message, await importVerifyKey(certificatePublicKey(gateway.gateway)));
  const time = decodeSignedTime(message.payload);
  if (!equalBytes(time.nonce, nonce)) throw new Refused("bad_answer");
  if (Math.abs(systemWall() - time.timeMs) < CLOCK_OFF_MS) return;
  if (!(await setClock(time.timeMs))) throw new Refused("clock");
}

async function enrolAt(setup: SetupCode, gateway: AuthorityAnswer, deps: EnrolDeps): Promise<BundleFiles> {
  const { crypto, privateKeyPem, signal } = deps;
  const key = certificatePublicKey(gateway.gateway);
  const body: EnrolRequest = {
    v: 1,
    token: setup.token,
    site: setup.site,
    venue: setup.venue,
    authority: setup.caSha256,
    csr: await createRequest(privateKeyPem),
  };
  const url = new URL(ENROL_PATH, setup.url);
  url.protocol = "https:";
  url.port = String(gateway.enrolPort);
  const server = {
    root: gateway.root,
    name: gatewayName(parseSiteId(setup.site)),
    check: (certificate: Uint8Array): void => {
      if (!equalBytes(certificatePublicKey(certificate), key)) throw new Refused("wrong_authority");
    },
  };
  const reply = await askGateway({ url: url.href, body, server, ...(signal && { signal }) });
  if (reply.status !== 200) throw new Refused(refusalIn(reply.body));
  const answer = parseAnswer(EnrolAnswer, reply.body);
  const { settings, certificate, trust } = answer;
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
    equalBytes(certificatePublicKey(trust.gateway), key) &&
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

function parseAnswer<Schema extends TSchema>(schema: Schema, body: Uint8Array): Static<Schema> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    if (Value.Check(schema, value)) return value;
  } catch {
    // not JSON: as wrong as JSON of another form
  }
  throw new Refused("bad_answer");
}

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null; // the caller refuses it
  }
}
