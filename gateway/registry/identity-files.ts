import { constants } from "node:fs";
import { access, chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { BluepostError } from "../../protocol/errors.ts";
import type { WallMs } from "../../protocol/units.ts";
import { readCertificate } from "../../runtime/certificate-reader.ts";
import type { Identity } from "../../runtime/pki/authority.ts";
import { Trust } from "../../runtime/pki/trust.ts";
import { assembleIdentity, createGatewayIdentity, type GatewayIdentity, type SiteBundle } from "./identity.ts";

/** The gateway has no site bundle, or one that is incomplete; `details.file` names what is missing or wrong. */
export class SiteBundleError extends BluepostError {
  readonly code = "GW_SITE_BUNDLE";
  readonly recovery = "operator";
}

const SECRET_MODE = 0o600;

/**
 * Reads a gateway's identity from its data folder. At first start it is made there from the site bundle of the engine.
 *
 * @param bundleFolder where `engine keys site` put the bundle; needed until the data folder has one
 * @throws {SiteBundleError} GW_SITE_BUNDLE
 */
export async function openIdentityFiles(
  folder: string,
  options: { readonly bundleFolder?: string | undefined; readonly nowMs: WallMs },
): Promise<GatewayIdentity> {
  if (await exists(join(folder, "gateway.crt.pem"))) {
    const earlier = await readEarlierAuthorities(folder, options.nowMs);
    return assembleIdentity(await readBundle(folder), await readPair(folder, "gateway"), earlier);
  }
  const source = options.bundleFolder ?? folder;
  if (!(await exists(join(source, "authority.crt.pem")))) {
    throw new SiteBundleError(
      "no site bundle yet: make one with `engine keys site --site NAME --out DIR`, then start with --site-bundle DIR",
      { file: "authority.crt.pem" },
    );
  }
  const identity = await createGatewayIdentity(await readBundle(source), options.nowMs);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writePair(folder, "authority", identity.authority);
  await writeSafely(join(folder, "trust.json"), `${JSON.stringify(identity.trust, null, 2)}\n`);
  await writePair(folder, "gateway", identity.gateway); // last: its presence says that the folder is complete
  return identity;
}

/** File of the certificates of the site's earlier intermediates, the newest first. */
export const EARLIER_FILE = "earlier.crt.pem";

/** Reads the site's earlier intermediates that have not ended. */
export async function readEarlierAuthorities(folder: string, nowMs: WallMs): Promise<readonly string[]> {
  if (!(await exists(join(folder, EARLIER_FILE)))) return [];
  const text = await read(folder, EARLIER_FILE);
  const all = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return all.filter((pem) => readCertificate(pem).notAfterMs > nowMs);
}

/** Reads a bundle as the engine made it. @throws {SiteBundleError} GW_SITE_BUNDLE */
export async function readBundle(folder: string): Promise<SiteBundle> {
  const trust = Value.Convert(Trust, parseJson(await read(folder, "trust.json")));
  if (!Value.Check(Trust, trust))
    throw new SiteBundleError("trust.json has not the form it should", { file: "trust.json" });
  return { authority: await readPair(folder, "authority"), trust };
}

async function readPair(folder: string, name: string): Promise<Identity> {
  return {
    certificatePem: await read(folder, `${name}.crt.pem`),
    privateKeyPem: await read(folder, `${name}.key.pem`),
  };
}

/** Writes key and certificate, the certificate last. */
export async function writePair(folder: string, name: string, pair: Identity): Promise<void> {
  await writeSafely(join(folder, `${name}.key.pem`), pair.privateKeyPem, SECRET_MODE);
  await writeSafely(join(folder, `${name}.crt.pem`), pair.certificatePem);
}

/** Writes a file whole or not at all: under another name, flushed, then renamed. */
export async function writeSafely(file: string, text: string, mode = 0o644): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, text.endsWith("\n") ? text : `${text}\n`, { mode, flush: true });
  await chmod(draft, mode); // a draft left by a crash keeps its old mode otherwise
  await rename(draft, file);
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), "utf8");
  } catch (cause) {
    throw new SiteBundleError(`cannot read ${name}`, { file: name }, { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SiteBundleError("trust.json is not JSON", { file: "trust.json" }, { cause });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch {
    return false; // the answer, not a fault
  }
}
