import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { type CoseKey, importSigningKey } from "../../protocol/cose.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { DeviceSettings } from "../../protocol/http/enrolment.ts";
import {
  type DeviceId,
  parseDeviceId,
  parseSiteId,
  parseVenueId,
  type SiteId,
  type VenueId,
} from "../../protocol/ids.ts";
import { pemToChain, rawKeyPair } from "../../runtime/pki/chain.ts";
import { Trust } from "../../runtime/pki/trust.ts";
import type { KioskConfig } from "../config.ts";
import { NotPermittedError, withPermission } from "./permission.ts";

/** Folder of the device bundle that a configuration names. */
export function bundleDirOf({ bundleDir, dataDir }: Pick<KioskConfig, "bundleDir" | "dataDir">): string {
  return bundleDir || join(dataDir, "bundle");
}

/** The device bundle is missing, incomplete or damaged: this kiosk has not been provisioned. */
export class NotProvisionedError extends BluepostError {
  readonly code = "KIOSK_NOT_PROVISIONED";
  readonly recovery = "operator";
}

/** Who this kiosk is, where it stands, what it believes and how it signs. */
export interface DeviceBundle {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly venue: VenueId;
  readonly venueName: string;
  readonly gate: number;
  readonly gateway: {
    readonly host: string;
    readonly port: number;
    /** Plain HTTP, for signed time and renewal; null in a bundle that was made by hand. */
    readonly httpPort: number | null;
  };
  readonly trust: Trust;
  readonly signer: { readonly key: CoseKey; readonly chain: readonly Uint8Array[] };
  /** PEM texts for mutual TLS. */
  readonly tls: { readonly key: string; readonly cert: string };
}

/**
 * Reads a device bundle: `device.json`, `device.key.pem`, `device.crt.pem` (device and site certificate) and `trust.json`.
 *
 * @throws {NotProvisionedError} KIOSK_NOT_PROVISIONED when a file is missing or not of its form
 * @throws {NotPermittedError} KIOSK_NOT_PERMITTED when it belongs to another user
 */
export async function readBundle(folder: string): Promise<DeviceBundle> {
  const text = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  try {
    const file = checked(DeviceSettings, JSON.parse(await text("device.json")));
    const trust = checked(Trust, JSON.parse(await text("trust.json")));
    const tls = { key: await text("device.key.pem"), cert: await text("device.crt.pem") };
    return {
      site: parseSiteId(file.site),
      device: parseDeviceId(file.device),
      venue: parseVenueId(file.venue),
      venueName: file.venueName,
      gate: file.gate,
      gateway: {
        host: file.gatewayHost,
        port: file.gatewayPort,
        httpPort: file.gatewayHttpPort ?? null,
      },
      trust,
      signer: { key: await importSigningKey(rawKeyPair(tls.key)), chain: pemToChain(tls.cert) },
      tls,
    };
  } catch (fault) {
    const cause = withPermission(fault, "the device bundle");
    if (cause instanceof NotPermittedError) throw cause;
    const file = cause instanceof Error && "path" in cause ? String(cause.path).split("/").at(-1) : undefined;
    const what = file ? `${file} is missing` : "a file in it is damaged";
    const cure = "Move its folder away and show a setup code (gateway claim), or copy one made by: gateway devices add";
    throw new NotProvisionedError(`the device bundle cannot be read: ${what}. ${cure}`, {}, { cause });
  }
}

function checked<Schema extends typeof DeviceSettings | typeof Trust>(schema: Schema, value: unknown): Static<Schema> {
  if (!Value.Check(schema, value)) throw new NotProvisionedError("a file of the device bundle is not of its form");
  return value;
}
