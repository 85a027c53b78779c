import { Value } from "@sinclair/typebox/value";
import { type Command, InvalidArgumentError } from "commander";
import type { QrParser } from "../../protocol/qr/parser.ts";
import type { ReadingContext } from "../../protocol/qr/reading.ts";
import type { WallMs } from "../../protocol/units.ts";
import { createDoorParser } from "../../runtime/door-parser.ts";
import { parseHc1Trust, readHc1Trust, readTrustJson } from "../../runtime/hc1-trust.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { Trust } from "../../runtime/pki/trust.ts";
import { decodeFiles } from "../decode/decode-files.ts";
import { humanLine } from "../decode/report.ts";
import { bundleDirOf, NotProvisionedError, readBundle } from "../provision/bundle.ts";
import { type CommonFlags, configOf, withConfig } from "./commands.ts";

type DoorTrust = Parameters<typeof createDoorParser>[0];

interface DecodeFlags extends CommonFlags {
  readonly reveal?: boolean;
  readonly trust?: readonly string[];
  readonly at?: WallMs;
}

/** Where a run of `decode` reads from and writes to. */
export interface DecodeIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Registers `decode`, a technician's look at what this kiosk makes of a code. */
export function registerDecode(program: Command): void {
  const command = program
    .command("decode")
    .description("say what a kiosk makes of codes: texts (one payload a line), or PNG and JPEG photos")
    .argument("<files...>", "files; - reads standard input");
  withConfig(command)
    .option("--reveal", "show identities whole; without it they are masked as on the screen")
    .option("--trust <file>", "believe this trust.json or passport issuers' list, instead of the kiosk's own", collect)
    .option("--at <time>", "judge as of this time (ISO 8601), not now", instant)
    .action(async (files: readonly string[], flags: DecodeFlags) => {
      process.exitCode = await decode(files, flags, {
        stdin: process.stdin,
        out: (line) => console.log(line),
        err: (line) => console.error(line),
      });
    });
}

function collect(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file];
}

function instant(text: string): WallMs {
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new InvalidArgumentError("Give a time like 2026-11-23T08:00:00Z.");
  return atMs as WallMs;
}

/**
 * Decodes files and prints one line for each payload.
 *
 * @returns exit code: 0, or 1 when a file could not be read
 * @throws {TrustListError} RT_TRUST_LIST or {ConfigError} RT_CONFIG when what it should believe cannot be read
 */
export async function decode(files: readonly string[], flags: DecodeFlags, io: DecodeIo): Promise<number> {
  const parser: QrParser = await createDoorParser(await trustOf(flags, io));
  const context: ReadingContext = { nowMs: flags.at ?? (Date.now() as WallMs), clockUncertaintyMs: 0 };
  const unread = await decodeFiles(files, {
    parser,
    context,
    reveal: flags.reveal ?? false,
    stdin: io.stdin,
    report: (report) => io.out(flags.json ? JSON.stringify(report) : humanLine(report)),
  });
  if (unread > 0) io.err(`${unread} of ${files.length} files could not be read.`);
  return unread > 0 ? EXIT.failure : EXIT.ok;
}

async function trustOf(flags: DecodeFlags, io: DecodeIo): Promise<DoorTrust> {
  return flags.trust ? trustOfFiles(flags.trust) : trustOfKiosk(flags, io);
}

/** Joins the files, each a site's `trust.json` or a list of passport issuers. */
async function trustOfFiles(paths: readonly string[]): Promise<DoorTrust> {
  let trust: DoorTrust = { cardIssuers: [], hc1Trust: [] };
  for (const path of paths) {
    const list = await readTrustJson(path);
    if (Value.Check(Trust, list))
      trust = { ...trust, cardIssuers: [...trust.cardIssuers, ...list.cardIssuers], site: list.site };
    else trust = { ...trust, hc1Trust: [...(trust.hc1Trust ?? []), ...parseHc1Trust(list)] };
  }
  return trust;
}

/** What the kiosk on this machine believes; nothing on a machine that is no kiosk. */
async function trustOfKiosk(flags: DecodeFlags, io: DecodeIo): Promise<DoorTrust> {
  const config = configOf(flags);
  const hc1Trust = config.hc1TrustFile ? await readHc1Trust(config.hc1TrustFile) : [];
  try {
    const { trust } = await readBundle(bundleDirOf(config));
    return { cardIssuers: trust.cardIssuers, site: trust.site, hc1Trust };
  } catch (fault) {
    if (!(fault instanceof NotProvisionedError)) throw fault;
    io.err(
      "This machine is not a provisioned kiosk: cards are judged as of an unknown issuer. Name a trust.json with --trust.",
    );
    return { cardIssuers: [], hc1Trust };
  }
}
