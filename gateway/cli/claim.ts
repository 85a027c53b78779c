import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import QRCode from "qrcode";
import { requireInteger } from "../../protocol/errors.ts";
import { type DeviceId, parseDeviceId, parseVenueId, type VenueId } from "../../protocol/ids.ts";
import type { WallMs } from "../../protocol/units.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { type MadeClaim, makeClaim } from "../enrol/setup-codes.ts";
import { openIdentityFiles } from "../registry/identity-files.ts";
import { DeviceExistsError, SiteRegistry } from "../registry/site-registry.ts";
import { argument, type CommonFlags, configOf, guarded, integer, print, withConfig } from "./flags.ts";

interface ClaimFlags extends CommonFlags {
  readonly venue: VenueId;
  readonly gate: number;
  readonly name: string;
  readonly device?: DeviceId;
  readonly host?: string;
  readonly port?: number;
  readonly png?: string;
  readonly lang: "vi" | "en";
}

const TEXTS = {
  vi: (time: string): readonly string[] => [
    "Đưa mã này trước máy quét của máy mới (màn hình ghi “Máy chưa được cài đặt”).",
    `Mã chỉ dùng một lần, hết hạn lúc ${time}. Đừng gửi, đừng in mã này.`,
  ],
  en: (time: string): readonly string[] => [
    'Hold this code before the scanner of the new kiosk (its screen says "Not set up yet").',
    `It works once, until ${time}. Do not send it, do not print it.`,
  ],
} as const;

/** Registers `claim`. */
export function registerClaimCommand(program: Command): void {
  withConfig(program.command("claim"))
    .description(
      "make a setup code: a new kiosk that scans it becomes a door of this site; works once, for ten minutes",
    )
    .requiredOption(
      "--venue <id>",
      "venue of the door",
      argument(parseVenueId, "8 digits of Crockford base32, lower case"),
    )
    .requiredOption("--gate <n>", "number of the door", integer(0, 255))
    .requiredOption(
      "--name <text>",
      "name of the venue, shown on the screen",
      argument(parseName, "1 to 200 characters"),
    )
    .option(
      "--device <id>",
      "name of the kiosk; default: made from its key",
      argument(parseDeviceId, "1 to 32 of a-z, 0-9 and -"),
    )
    .option("--host <host>", "where kiosks find this gateway; default: this machine's address")
    .option("--port <port>", "port of its plain HTTP; default: http.port", integer(1, 65_535))
    .option("--png <file>", "write the code as a picture too")
    .addOption(new Option("--lang <lang>", "language of the instruction").choices(["vi", "en"]).default("vi"))
    .action(guarded(claim));
}

async function claim(flags: ClaimFlags): Promise<number> {
  const config = configOf(flags);
  const nowMs = Date.now() as WallMs;
  const identity = await openIdentityFiles(config.dataDir, { nowMs });
  const registry = await SiteRegistry.open(join(config.dataDir, "registry.db"));
  try {
    const { venue, gate, name: venueName, device = null } = flags;
    if (device !== null && (await registry.find(device)))
      throw new DeviceExistsError("a device of this name exists", { device });
    const host = flags.host ?? ownAddress();
    const httpPort = flags.port ?? config.http.port;
    const parts = { crypto: nodeCrypto, identity, claims: registry.claims };
    const made = await makeClaim(parts, { device, venue, venueName, gate, host, httpPort }, nowMs);
    await show(flags, made, { site: identity.site, host, httpPort });
    return EXIT.ok;
  } finally {
    await registry.close();
  }
}

async function show(
  flags: ClaimFlags,
  { code, expiresAt }: MadeClaim,
  at: { readonly site: string; readonly host: string; readonly httpPort: number },
): Promise<void> {
  if (flags.png !== undefined) await QRCode.toFile(flags.png, code, { errorCorrectionLevel: "M", scale: 8, margin: 4 });
  const expires = new Date(expiresAt);
  const picture = flags.json
    ? ""
    : await QRCode.toString(code, { type: "terminal", small: true, errorCorrectionLevel: "M" });
  const { venue, gate, device = null, png = null } = flags;
  print(flags, { code, expiresAt: expires.toISOString(), venue, gate, device, png, ...at }, [
    picture,
    code,
    "",
    ...TEXTS[flags.lang](expires.toTimeString().slice(0, 5)),
    ...(png === null ? [] : [png]),
  ]);
}

/** An address of this machine in its network; the loopback one when it has no network. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}

function parseName(text: string): string {
  requireInteger("length of the name", text.trim().length, { min: 1, max: 200 });
  return text.trim();
}
