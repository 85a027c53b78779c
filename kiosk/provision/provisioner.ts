import type { CryptoPort } from "../../protocol/crypto-port.ts";
import { BluepostError } from "../../protocol/errors.ts";
import { deviceNameOf } from "../../protocol/http/enrolment.ts";
import type { SetupRefusal } from "../../protocol/http/kiosk-screen.ts";
import type { SetupCode } from "../../protocol/qr/reading.ts";
import { parseSetupCode, SETUP_PREFIX } from "../../protocol/qr/setup-code.ts";
import type { WallMs } from "../../protocol/units.ts";
import { rawKeyPair } from "../../runtime/pki/chain.ts";
import { createDeviceKey } from "../../runtime/pki/request.ts";
import { enrolWith } from "./enrol.ts";
import type { SetClock } from "./gateway-link.ts";
import { forgetKey, keepKey, writeBundle } from "./write-bundle.ts";

export interface ProvisionerDeps {
  readonly crypto: CryptoPort;
  /** Where the bundle is to stand. */
  readonly folder: string;
  readonly systemWall: () => WallMs;
  readonly setClock: SetClock;
}

/** What a setup code came to. */
export type Provisioned =
  | { readonly kind: "provisioned"; readonly device: string; readonly site: string; readonly venueName: string }
  | { readonly kind: "refused"; readonly reason: SetupRefusal };

/** Makes a machine without papers a kiosk of the site whose setup code it is shown. */
export class Provisioner {
  readonly #deps: ProvisionerDeps;
  readonly #privateKeyPem: string;

  private constructor(deps: ProvisionerDeps, privateKeyPem: string) {
    this.#deps = deps;
    this.#privateKeyPem = privateKeyPem;
  }

  /** Makes this machine's key, or takes up the one of an attempt that was cut short. */
  static async open(deps: ProvisionerDeps): Promise<Provisioner> {
    return new Provisioner(deps, await keepKey(deps.folder, createDeviceKey));
  }

  /** Name that this machine gets when a code names none. */
  get device(): string {
    return deviceNameOf(this.#deps.crypto, rawKeyPair(this.#privateKeyPem).publicKey);
  }

  /** Reads a code as text and takes it up. Never throws for what is wrong with a code. */
  async take(text: string, signal?: AbortSignal): Promise<Provisioned> {
    const code = text.trim();
    if (!code.startsWith(SETUP_PREFIX)) return { kind: "refused", reason: "not_setup" };
    const setup = readCode(this.#deps.crypto, code);
    return setup ? this.takeUp(setup, signal) : { kind: "refused", reason: "garbled" };
  }

  /** @throws when the bundle cannot be written: the disk is full or broken */
  async takeUp(setup: SetupCode, signal?: AbortSignal): Promise<Provisioned> {
    const { crypto, folder, systemWall, setClock } = this.#deps;
    const privateKeyPem = this.#privateKeyPem;
    const enrolled = await enrolWith(setup, { crypto, systemWall, setClock, privateKeyPem, ...(signal && { signal }) });
    if (enrolled.kind === "refused") return enrolled;
    await writeBundle(folder, enrolled.files);
    await forgetKey(folder);
    const { device, site, venueName } = enrolled.files.settings;
    return { kind: "provisioned", device, site, venueName };
  }
}

function readCode(crypto: CryptoPort, text: string): SetupCode | null {
  try {
    return parseSetupCode(crypto, text);
  } catch (fault) {
    if (fault instanceof BluepostError) return null;
    throw fault;
  }
}
