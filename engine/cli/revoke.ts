import { type Command, Option } from "commander";
import { REVOCATION_REASONS, type RevocationReason } from "../../protocol/checkin/revocations.ts";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../../protocol/ids.ts";
import { argument, type CommonFlags, guarded, print, withConfig, withEngine } from "./flags.ts";

interface RevokeFlags extends CommonFlags {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly reason: RevocationReason;
}

/** Adds `revoke`. */
export function registerRevokeCommand(program: Command): void {
  const hint = "1 to 32 of a-z, 0-9 and -";
  withConfig(program.command("revoke"))
    .description("order a site's gateway to revoke a kiosk; it asks every five minutes, and cuts the kiosk off at once")
    .requiredOption("--site <id>", "the kiosk's site", argument(parseSiteId, hint))
    .requiredOption("--device <id>", "the kiosk", argument(parseDeviceId, hint))
    .addOption(new Option("--reason <reason>", "why").choices(REVOCATION_REASONS).default("unspecified"))
    .action(guarded(revoke));
}

async function revoke(flags: RevokeFlags): Promise<number> {
  const { site, device, reason } = flags;
  await withEngine(flags, (engine) => engine.orderRevocation(site, device, reason));
  print(flags, { site, device, reason }, [`${device} of site ${site} is to be revoked (${reason}).`]);
  return 0;
}
