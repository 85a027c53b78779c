import { mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DeviceSettings } from "../../protocol/http/enrolment.ts";
import type { Trust } from "../../runtime/pki/trust.ts";
import { readFileIfThere, writeFileSafely } from "../../runtime/safe-file.ts";
import { isAbsent, withPermission } from "./permission.ts";

/** What stands in a bundle's files. */
export interface BundleFiles {
  readonly privateKeyPem: string;
  /** The device's certificate, then the site's. */
  readonly certificatePem: string;
  readonly trust: Trust;
  readonly settings: DeviceSettings;
}

const OWNER_ONLY = 0o600;

/**
 * Whether there is a bundle, sound or damaged: a folder with anything in it.
 *
 * @throws {NotPermittedError} KIOSK_NOT_PERMITTED when the folder belongs to another user
 */
export async function hasBundle(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (fault) {
    if (isAbsent(fault)) return false; // no such folder: an answer, not a fault
    throw withPermission(fault, "the device bundle");
  }
}

/**
 * Makes a bundle, whole or not at all, also over a power cut: its files are written beside it, flushed, and the folder renamed.
 *
 * Every file is the owner's alone (0600), the folder too (0700).
 */
export async function writeBundle(folder: string, files: BundleFiles): Promise<void> {
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): Promise<void> =>
    writeFileSafely(join(draft, name), `${text.trim()}\n`, OWNER_ONLY);
  await write("device.key.pem", files.privateKeyPem);
  await write("device.crt.pem", files.certificatePem);
  await write("trust.json", JSON.stringify(files.trust, null, 2));
  await write("device.json", JSON.stringify(files.settings, null, 2));
  await rmdir(folder).catch(() => undefined); // an empty one stands in the way; a full one makes the rename fail, as it should
  await rename(draft, folder);
  await flushFolder(dirname(folder));
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The key that a kiosk enrols with: made once and kept until its bundle stands, so that a power cut in between costs no code. */
export async function keepKey(folder: string, make: () => Promise<string>): Promise<string> {
  const file = `${folder}.key.pem`;
  const known = await readFileIfThere(file);
  if (known !== null) return known;
  const made = await make();
  await mkdir(dirname(file), { recursive: true });
  await writeFileSafely(file, made, OWNER_ONLY);
  return made;
}

/** Removes the key of {@link keepKey} once the bundle holds it. */
export async function forgetKey(folder: string): Promise<void> {
  await rm(`${folder}.key.pem`, { force: true });
}
