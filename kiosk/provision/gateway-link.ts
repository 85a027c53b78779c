import { X509Certificate } from "node:crypto";
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { decodeSignedTime, TIME_NONCE_BYTES } from "../../protocol/checkin/signed-time.ts";
import { importVerifyKey, parseCose1, verifyCose1 } from "../../protocol/cose.ts";
import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { AUTHORITY_PATH, AuthorityAnswer } from "../../protocol/http/enrolment.ts";
import type { SetupRefusal } from "../../protocol/http/kiosk-screen.ts";
import { parseSiteId, type SiteId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { gatewayName } from "../../runtime/pki/authority.ts";
import { certificatePublicKey } from "../../runtime/pki/chain.ts";
import { askGateway, type PinnedServer } from "./gateway-http.ts";

/** Sets this machine's clock. @returns whether it is set */
export type SetClock = (wallMs: WallMs) => Promise<boolean>;

/** Ends an attempt for a reason that the screen can say; callers turn it into a value. */
export class Refused<Reason extends string = SetupRefusal> extends Error {
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

/** What a kiosk knows of the gateway before it asks. */
export interface GatewayPin {
  /** Its plain HTTP, `http://host:port`. */
  readonly url: string;
  readonly site: string;
  /** Whether these certificates (root and site's intermediate, DER) are those that this kiosk was told of. */
  readonly trusts: (root: Uint8Array, authority: Uint8Array) => boolean;
  /** The gateway's key, raw Ed25519, once it is known. */
  readonly key?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** A gateway that the pinned authority vouches for. */
export interface FoundGateway extends GatewayPin {
  readonly key: Uint8Array;
  readonly root: string;
  readonly enrolPort: number;
}

/** A system clock that is off by more than this may find a certificate not yet valid (they are valid from a day back), milliseconds. */
const CLOCK_OFF_MS = 12 * 3_600_000;

/** Asks who the gateway is, and believes it only as far as the pin reaches. @throws {Refused} @throws {GatewayHttpError} KIOSK_GATEWAY_HTTP */
export async function findGateway(pin: GatewayPin): Promise<FoundGateway> {
  const { url, site, trusts, signal } = pin;
  const reply = await askGateway({ url: new URL(AUTHORITY_PATH, url).href, ...(signal && { signal }) });
  if (reply.status !== 200) throw new Refused("unreachable");
  const found = parseAnswer(AuthorityAnswer, reply.body);
  const [root, authority, gateway] = [found.root, found.authority, found.gateway].map(readCertificate);
  if (!root || !authority || !gateway) throw new Refused("bad_answer");
  const key = certificatePublicKey(found.gateway);
  const isVouched =
    found.site === site &&
    trusts(new Uint8Array(root.raw), new Uint8Array(authority.raw)) &&
    authority.checkIssued(root) &&
    authority.verify(root.publicKey) &&
    gateway.checkIssued(authority) &&
    gateway.verify(authority.publicKey) &&
    gateway.checkHost(gatewayName(parseSiteId(site))) !== undefined &&
    (pin.key === undefined || equalBytes(pin.key, key));
  if (!isVouched) throw new Refused("wrong_authority");
  return { ...pin, key, root: found.root, enrolPort: found.enrolPort };
}

/** Asks for signed time over plain HTTP, for a clock that TLS could not work with. @throws {Refused} */
export async function askTime(
  gateway: Pick<FoundGateway, "url" | "key" | "signal">,
  crypto: CryptoPort,
): Promise<WallMs> {
  const { url, key, signal } = gateway;
  const nonce = crypto.randomBytes(TIME_NONCE_BYTES);
  const reply = await askGateway({ url: new URL(`/time?nonce=${toHex(nonce)}`, url).href, ...(signal && { signal }) });
  if (reply.status !== 200) throw new Refused("unreachable");
  const message = parseCose1(reply.body);
  await verifyCose1(message, await importVerifyKey(key));
  const time = decodeSignedTime(message.payload);
  if (!equalBytes(time.nonce, nonce)) throw new Refused("bad_answer");
  return time.timeMs;
}

/** Sets the system's clock when it is far off; verification is never switched off instead. @throws {Refused} `clock` */
export async function bringClock(
  trueMs: WallMs,
  machine: { readonly systemWall: () => WallMs; readonly setClock: SetClock },
): Promise<void> {
  if (Math.abs(machine.systemWall() - trueMs) < CLOCK_OFF_MS) return;
  if (!(await machine.setClock(trueMs))) throw new Refused("clock");
}

/** Asks over TLS that only this gateway can speak. */
export async function askSecurely(
  gateway: FoundGateway,
  ask: { readonly path: string; readonly body?: unknown },
): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  const { key, site, root, signal } = gateway;
  const url = `https://${new URL(gateway.url).hostname}:${gateway.enrolPort}${ask.path}`;
  const server: PinnedServer = {
    root,
    name: gatewayName(site as SiteId),
    check: (certificate) => {
      if (!equalBytes(certificatePublicKey(certificate), key)) throw new Refused("wrong_authority");
    },
  };
  return askGateway({ url, body: ask.body, server, ...(signal && { signal }) });
}

/** Reads an answer by its schema. @throws {Refused} `bad_answer` */
export function parseAnswer<Schema extends TSchema>(schema: Schema, body: Uint8Array): Static<Schema> {
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
