import type { Command } from "commander";
import { guarded, print } from "../../runtime/cli/frame.ts";
import { EXIT } from "../../runtime/lifecycle.ts";
import { type CommonFlags, configOf, withConfig } from "./commands.ts";

/** Addresses that stand for all of a machine's own. */
const ANY = new Set(["0.0.0.0", "::"]);
const ANSWER_MS = 5_000;

/** Registers `identify`. */
export function registerIdentify(program: Command): void {
  withConfig(
    program
      .command("identify")
      .description(
        "let this kiosk show itself for ten seconds: three lamps, buzzer and screen; also before it has papers",
      ),
  ).action(guarded(identify));
}

async function identify(flags: CommonFlags): Promise<number> {
  const { host, port } = configOf(flags).screen;
  const page = `http://${ANY.has(host) ? "127.0.0.1" : host}:${port}`;
  const signal = AbortSignal.timeout(ANSWER_MS);
  const status = await fetch(`${page}/api/identify`, { method: "POST", signal }).then(
    ({ status }) => status,
    () => null,
  );
  if (status === 200) {
    print(flags, { identified: true, page }, ["It shows itself for ten seconds."]);
    return EXIT.ok;
  }
  console.error(
    status === null
      ? `No kiosk answers at ${page}. Is it running? Try: systemctl status bluepost-kiosk`
      : `What answers at ${page} is not this version of a kiosk (HTTP ${status}). Look at screen.port: bluepost-kiosk config`,
  );
  return EXIT.unavailable;
}
