import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { type DeviceId, parseDeviceId } from "../../protocol/ids.ts";
import {
  type CommandName,
  type Desired,
  type RemoteSetting,
  RemoteSettings,
  type Reported,
} from "../../protocol/mqtt/fleet.ts";
import type { WallMs } from "../../protocol/units.ts";
import { integer } from "../../runtime/cli/frame.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { silentLogger } from "../../runtime/log.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { systemTimers } from "../../runtime/timers.ts";
import type { GatewayConfig } from "../config.ts";
import { FleetDesk } from "../fleet/fleet-desk.ts";
import { type CommandEntry, FleetSettingError, FleetStore, type SettingsPatch } from "../fleet/fleet-store.ts";
import { SiteRegistry } from "../registry/site-registry.ts";
import { Counters } from "../status/counters.ts";
import { type CommonFlags, configOf, guarded, print, withConfig } from "./flags.ts";

interface WaitFlags extends CommonFlags {
  readonly wait: number;
}
interface BundleFlags extends WaitFlags {
  readonly out: string;
}
interface SettingFlags extends WaitFlags {
  readonly setting?: readonly string[];
}

const LOOK_EVERY_MS = 250;

/**
 * Registers `identify`, `reboot`, `bundle` and `settings`. They enter orders that the running gateway sends within a second: whoever
 * may write its data folder is an operator.
 */
export function registerFleetCommands(program: Command): void {
  order(program, "identify", "let a kiosk blink and beep, so that the right box in a row is found");
  order(program, "reboot", "restart a kiosk; check-ins that are stored there stay there");
  withWait(program.command("bundle <device>"))
    .description("fetch a kiosk's support bundle: versions, settings, health, log; nothing of any visitor")
    .option("--out <file>", "file to write; default: <device>.bundle.json.gz", "")
    .action(guarded(bundle));
  withWait(program.command("settings <device>"))
    .description(`show what a kiosk is set to, or change it: ${Object.keys(RemoteSettings.properties).join(", ")}`)
    .option(
      "--setting <key=value...>",
      "for example capacity=120; an empty value gives it back to the kiosk's own file",
    )
    .action(guarded(settings));
}

function withWait(command: Command): Command {
  return withConfig(command).option("--wait <seconds>", "how long to wait for the kiosk", integer(0, 600), 15);
}

function order(program: Command, name: CommandName, description: string): void {
  withWait(program.command(`${name} <device>`))
    .description(description)
    .action(
      guarded(async (text: string, flags: WaitFlags) =>
        withFleet(configOf(flags), async (desk) => {
          const entry = await send(desk, { name, device: text, waitS: flags.wait });
          return tell(flags, entry);
        }),
      ),
    );
}

async function bundle(text: string, flags: BundleFlags): Promise<number> {
  return withFleet(configOf(flags), async (desk) => {
    const entry = await send(desk, { name: "bundle", device: text, waitS: flags.wait });
    if (entry.outcome !== "done") return tell(flags, entry);
    const body = (await desk.store.bundle(entry.device)) ?? new Uint8Array();
    const out = flags.out || `${entry.device}.bundle.json.gz`;
    await writeFile(out, body, { mode: 0o600 });
    print(flags, { ...entry, out, bytes: body.length }, [`The bundle of ${entry.device} is in ${out}.`]);
    return EXIT.ok;
  });
}

async function send(
  desk: FleetDesk,
  { name, device, waitS }: { readonly name: CommandName; readonly device: string; readonly waitS: number },
): Promise<CommandEntry> {
  const entry = await desk.command("cli", parseDeviceId(device), name);
  const untilMs = performance.now() + waitS * 1_000;
  for (;;) {
    const now = (await desk.store.findCommand(entry.id)) ?? entry;
    if (now.outcome !== null || performance.now() >= untilMs) return now;
    await pause(LOOK_EVERY_MS);
  }
}

function tell(flags: CommonFlags, entry: CommandEntry): number {
  const { device, name, outcome, fault } = entry;
  const waits = [
    `${device} has not answered yet. It gets the order when it connects within ${Math.round((entry.expiresMs - entry.atMs) / 60_000)} minutes.`,
    "Is the gateway running, and the kiosk connected? See: gateway status",
  ];
  const said = outcome === null ? waits : [`${device}: ${name} ${outcome}${fault === null ? "" : ` (${fault})`}`];
  print(flags, entry, said);
  if (outcome === null) return EXIT.unavailable;
  return outcome === "done" ? EXIT.ok : EXIT.failure;
}

async function settings(text: string, flags: SettingFlags): Promise<number> {
  const device = parseDeviceId(text);
  return withFleet(configOf(flags), async (desk) => {
    const change = flags.setting?.length ? await desk.configure("cli", device, patchOf(flags.setting)) : null;
    const untilMs = performance.now() + flags.wait * 1_000;
    for (;;) {
      const reported = (await desk.store.allReported()).get(device)?.message ?? null;
      const isAnswered = change === null || heardUpto(reported) >= change.version;
      if (isAnswered || performance.now() >= untilMs) {
        return showSettings(flags, { device, desired: await desk.store.desired(device), reported, isAnswered });
      }
      await pause(LOOK_EVERY_MS);
    }
  });
}

/** Highest version that a kiosk has spoken of. */
function heardUpto(reported: Reported | null): number {
  if (!reported) return 0;
  return Math.max(reported.version, reported.trialVersion ?? 0, reported.refused?.version ?? 0);
}

function showSettings(
  flags: CommonFlags,
  found: {
    readonly device: DeviceId;
    readonly desired: Desired | null;
    readonly reported: Reported | null;
    readonly isAnswered: boolean;
  },
): number {
  const { device, desired, reported } = found;
  const refused = desired !== null && reported?.refused?.version === desired.version ? reported.refused : null;
  const wanted = desired
    ? `version ${desired.version}: ${JSON.stringify(desired.settings)}`
    : "nothing but its own configuration";
  print(flags, { device, desired, reported }, [
    `wanted    ${wanted}`,
    `reported  ${reported ? describeReported(reported) : "nothing yet"}`,
    ...(refused ? [`NOT KEPT  version ${refused.version}: ${refused.reason}`] : []),
  ]);
  if (!found.isAnswered) return EXIT.unavailable;
  return refused ? EXIT.failure : EXIT.ok;
}

function describeReported({ version, trialVersion, state, settings: inForce }: Reported): string {
  return `version ${trialVersion ?? version}${state === "trial" ? " on trial" : ""}: ${JSON.stringify(inForce)}`;
}

function patchOf(assignments: readonly string[]): SettingsPatch {
  const entries = assignments.map((one) => {
    const at = one.indexOf("=");
    const key = at < 0 ? "" : one.slice(0, at).trim();
    if (!(key in RemoteSettings.properties))
      throw new FleetSettingError(
        `not a setting: give key=value with one of ${Object.keys(RemoteSettings.properties).join(", ")}`,
      );
    const text = one.slice(at + 1).trim();
    const { type } = RemoteSettings.properties[key as RemoteSetting];
    return [key, text === "" ? null : type === "integer" ? Number(text) : text];
  });
  return Object.fromEntries(entries) as SettingsPatch;
}

async function withFleet(config: GatewayConfig, run: (desk: FleetDesk) => Promise<number>): Promise<number> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const registry = await SiteRegistry.open(join(config.dataDir, "registry.db"));
  const store = await FleetStore.open(join(config.dataDir, "fleet.db"), nodeCrypto);
  try {
    const desk = new FleetDesk({
      store,
      registry,
      broker: { send: () => undefined }, // the running gateway finds the order in the file and sends it
      counters: new Counters(silentLogger),
      now: () => Date.now() as WallMs,
      timers: systemTimers,
      log: silentLogger,
    });
    return await run(desk);
  } finally {
    await store.close();
    await registry.close();
  }
}
