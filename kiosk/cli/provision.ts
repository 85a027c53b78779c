import type { Command } from "commander";
import { BluepostError } from "../../protocol/errors.ts";
import type { SetupRefusal } from "../../protocol/http/kiosk-screen.ts";
import type { WallMs } from "../../protocol/units.ts";
import { type CommonFlags, guarded, print } from "../../runtime/cli/frame.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { nodeCrypto } from "../../runtime/node-crypto.ts";
import { bundleDirOf } from "../provision/bundle.ts";
import type { SetClock } from "../provision/gateway-link.ts";
import { Provisioner } from "../provision/provisioner.ts";
import { hasBundle } from "../provision/write-bundle.ts";
import { configOf, withConfig } from "./commands.ts";

/** This kiosk has its papers already; they are never overwritten. */
export class AlreadyProvisionedError extends BluepostError {
  readonly code = "KIOSK_ALREADY_PROVISIONED";
  readonly recovery = "drop";
}

/** What to do next, for whoever typed the code. The screen's own texts stand in the catalogue. */
const CURES: Readonly<Record<SetupRefusal, string>> = {
  claim_unknown: "the gateway never made this code: make one with `bluepost-gateway claim`",
  claim_foreign: "the code is of another site: make one at the gateway of this site",
  claim_altered: "the code was changed after it was made: make a new one",
  claim_expired: "the code is older than ten minutes: make a new one",
  claim_used: "the code has been used by another kiosk: make a new one",
  claim_device_exists: "a kiosk of this name exists: make a code with another --device",
  claim_malformed: "the gateway does not understand this kiosk: check that both have the same version",
  claim_busy: "the gateway is busy: try again",
  not_setup: "this is not a setup code; it begins with BPS:",
  garbled: "the code was mistyped or cut short: copy it again",
  unreachable: "the gateway does not answer: check cable, Wi-Fi and the gateway's address, then try again",
  wrong_authority: "whoever answers at that address is not the gateway that the code names: check the network",
  clock: "this machine's clock is wrong and could not be set: set it with `sudo date -s`, then try again",
  bad_answer: "the gateway's answer is not what it should be: check that both have the same version",
};

/** Registers `provision`. */
export function registerProvision(program: Command, setClock: SetClock): void {
  withConfig(program.command("provision <code>"))
    .description("make this machine a kiosk with the setup code of `gateway claim`; - reads it from standard input")
    .action(guarded((code: string, flags: CommonFlags) => provision(code, flags, setClock)));
}

async function provision(code: string, flags: CommonFlags, setClock: SetClock): Promise<number> {
  const folder = bundleDirOf(configOf(flags));
  if (await hasBundle(folder)) {
    throw new AlreadyProvisionedError("this kiosk has a bundle already; to start anew, move its folder away");
  }
  const systemWall = (): WallMs => Date.now() as WallMs;
  const provisioner = await Provisioner.open({ crypto: nodeCrypto, folder, systemWall, setClock });
  const outcome = await provisioner.take(code === "-" ? await readInput() : code);
  if (outcome.kind === "refused") {
    print(flags, outcome, [`refused (${outcome.reason}): ${CURES[outcome.reason]}`]);
    return outcome.reason === "unreachable" ? EXIT.unavailable : EXIT.notPermitted;
  }
  const { device, site, venueName } = outcome;
  print(flags, outcome, [`This is now ${device} of site ${site}, at ${venueName}.`]);
  return EXIT.ok;
}

/** Longest input that is read, characters: a setup code has some hundreds. */
const MAX_INPUT = 8_192;

async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > MAX_INPUT || text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}
