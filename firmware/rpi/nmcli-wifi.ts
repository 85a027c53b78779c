import { type ExecFileException, execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../../protocol/bytes.ts";
import type { WifiCredentials } from "../../protocol/improv/rpc.ts";
import type { Dbm } from "../../protocol/units.ts";
import type { DeviceStatus } from "../ports/qr-scanner.ts";
import type { WifiJoin, WifiNetwork, WifiScan, WifiSecurity, WifiSetup } from "../ports/wifi.ts";

/** A fixed path, so that no PATH of this process counts. */
const NMCLI = "/usr/bin/nmcli";
const QUICK_MS = 10_000;
/** NetworkManager's own limit for bringing a network up, seconds; the caller's signal may come earlier. */
const UP_SECONDS = 20;
/** The network that a technician gave, and the one that is being tried. */
const PROFILE = "bluepost-wifi";
const TRIED = "bluepost-wifi-tried";
/** Source: nmcli(1), EXIT STATUS. */
const EXIT = { timeout: 3, activation: 4, notRunning: 8 } as const;
const NO_PROGRAM =
  "this machine has no NetworkManager (nmcli), so its Wi-Fi cannot be set up from here; use a network cable";
const SWITCHED_OFF = "the Wi-Fi is switched off; set its country: raspi-config nonint do_wifi_country VN";

interface Run {
  /** Null: it could not be started, or was ended. */
  readonly exit: number | null;
  readonly isMissing: boolean;
  readonly output: string;
}

/** What a network needs to be joined. */
type Key = { readonly management: string; readonly property: string } | null;

/**
 * Wi-Fi by NetworkManager's `nmcli`, never through a shell. A password goes by a file that only this user can read and that is gone
 * afterwards: a command line can be read by every user of the machine.
 */
export class NmcliWifi implements WifiSetup {
  readonly #nmcli: string;

  constructor(nmcli: string = NMCLI) {
    this.#nmcli = nmcli;
  }

  async status(): Promise<DeviceStatus> {
    const { exit, isMissing, output } = await this.#run(["--terse", "--get-values", "TYPE,STATE", "device", "status"]);
    if (isMissing) return { present: false, reason: NO_PROGRAM };
    if (exit === EXIT.notRunning) return { present: false, reason: "NetworkManager is not running" };
    if (exit !== 0) return { present: false, reason: "NetworkManager does not answer" };
    const wifi = terseRows(output).filter(([type]) => type === "wifi");
    if (wifi.length === 0) return { present: false, reason: "this machine has no Wi-Fi" };
    if (wifi.every(([, state]) => state === "unmanaged"))
      return { present: false, reason: "NetworkManager leaves the Wi-Fi alone" };
    if (wifi.every(([, state]) => state === "unavailable")) return { present: false, reason: SWITCHED_OFF };
    return { present: true };
  }

  async scan(signal: AbortSignal): Promise<WifiScan> {
    const fields = ["--terse", "--get-values", "SSID,SIGNAL,SECURITY"];
    const { exit, output } = await this.#run([...fields, "device", "wifi", "list"], signal);
    if (exit !== 0) return { kind: "unavailable", reason: "NetworkManager could not list the networks" };
    return { kind: "networks", networks: terseRows(output).flatMap(networkOf) };
  }

  async join(credentials: WifiCredentials, signal: AbortSignal): Promise<WifiJoin> {
    // neither nmcli's file nor a passphrase can hold these
    if (hasControls(credentials.ssid) || hasControls(credentials.password)) return { kind: "failed", why: "unusable" };
    const outcome = await this.#try(credentials, signal);
    if (outcome.kind === "failed") await this.#run(["connection", "delete", "id", TRIED]);
    return outcome;
  }

  async #try(credentials: WifiCredentials, signal: AbortSignal): Promise<WifiJoin> {
    const heard = await this.scan(signal);
    const networks = heard.kind === "networks" ? heard.networks.filter(({ ssid }) => ssid === credentials.ssid) : [];
    const isHidden = networks.length === 0;
    const key = credentials.password === "" ? null : keyOf(networks.map(({ security }) => security));
    await this.#run(["connection", "delete", "id", TRIED], signal); // of an attempt that a power cut ended
    const added = await this.#run(profile(credentials.ssid, { isHidden, key }), signal);
    if (added.exit !== 0) return { kind: "failed", why: "other" };
    const up = await this.#up(credentials.password, key, signal);
    if (up.exit !== 0) return { kind: "failed", why: whyNot(up.exit, { isHidden, isLate: signal.aborted }) };
    return this.#keep();
  }

  async #up(password: string, key: Key, signal: AbortSignal): Promise<Run> {
    const up = ["--wait", `${UP_SECONDS}`, "connection", "up", "id", TRIED];
    if (!key) return this.#run(up, signal);
    const folder = await mkdtemp(join(tmpdir(), "bluepost-wifi-"));
    try {
      const file = join(folder, "secret");
      await writeFile(file, `${key.property}:${octal(password)}\n`, { mode: 0o600 });
      return await this.#run([...up, "passwd-file", file], signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The network that works takes the place of the one before, and comes up by itself from now on. */
  async #keep(): Promise<WifiJoin> {
    await this.#run(["connection", "delete", "id", PROFILE]);
    const named = ["connection", "modify", "id", TRIED, "connection.id", PROFILE, "connection.autoconnect", "yes"];
    const { exit } = await this.#run(named);
    return exit === 0 ? { kind: "joined" } : { kind: "failed", why: "other" };
  }

  /** Never rejects; a fault of execFile would hold the command line, and with it the network's name. */
  #run(args: readonly string[], signal?: AbortSignal): Promise<Run> {
    const timeout = args[0] === "--wait" ? UP_SECONDS * 1_000 + QUICK_MS : QUICK_MS;
    const options = { env: { LC_ALL: "C" }, timeout, ...(signal && { signal }) };
    return new Promise((resolve) => {
      execFile(this.#nmcli, args, options, (fault, output) => resolve({ ...exitOf(fault), output }));
    });
  }
}

function exitOf(fault: ExecFileException | null): Pick<Run, "exit" | "isMissing"> {
  if (!fault) return { exit: 0, isMissing: false };
  const isMissing = String(fault.code) === "ENOENT";
  return { exit: typeof fault.code === "number" ? fault.code : null, isMissing };
}

function profile(ssid: string, { isHidden, key }: { readonly isHidden: boolean; readonly key: Key }): string[] {
  const base = ["connection", "add", "type", "wifi", "con-name", TRIED, "ssid", ssid];
  const rules = ["connection.autoconnect", "no", "802-11-wireless.hidden", isHidden ? "yes" : "no"];
  return [...base, ...rules, ...(key ? ["802-11-wireless-security.key-mgmt", key.management] : [])];
}

/**
 * How a network is joined with a password; null is for one without. One name may stand for several radios: an open one or one with an old
 * key, which a stranger can put up under any name, counts only when there is no better.
 */
function keyOf(kinds: readonly WifiSecurity[]): Key {
  const isOld = kinds.includes("wep") && !kinds.some((kind) => kind.startsWith("wpa"));
  if (isOld) return { management: "none", property: "802-11-wireless-security.wep-key0" };
  const isNewest = kinds.includes("wpa3") && !kinds.includes("wpa2") && !kinds.includes("wpa");
  return { management: isNewest ? "sae" : "wpa-psk", property: "802-11-wireless-security.psk" };
}

function whyNot(
  exit: number | null,
  { isHidden, isLate }: { readonly isHidden: boolean; readonly isLate: boolean },
): Extract<WifiJoin, { kind: "failed" }>["why"] {
  if (isLate || exit === EXIT.timeout) return "timeout";
  if (isHidden) return "not_found";
  return exit === EXIT.activation ? "refused" : "other";
}

/** Rows of nmcli's terse output: fields with colons between, a colon or backslash in a field after a backslash. */
function terseRows(output: string): string[][] {
  const lines = output.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.split(/(?<=(?<!\\)(?:\\\\)*):/).map((field) => field.replaceAll(/\\(.)/g, "$1")));
}

/** A network whose entrance asks for a person's name cannot be joined with a password, and is left out. */
function networkOf([ssid = "", signal = "", security = ""]: readonly string[]): WifiNetwork[] {
  if (security.includes("802.1X")) return [];
  // NetworkManager's percent are 2 (dBm + 100)
  const rssi = Math.round(Number(signal) / 2 - 100) as Dbm;
  return [{ ssid, rssi, security: securityOf(security) }];
}

/** Of a network in between, the older: every client knows it. */
function securityOf(text: string): WifiSecurity {
  if (text.includes("WPA2")) return "wpa2";
  if (text.includes("WPA3")) return "wpa3";
  if (text.includes("WPA1")) return "wpa";
  return text.includes("WEP") ? "wep" : "none";
}

function hasControls(text: string): boolean {
  return utf8(text).some((byte) => byte < 0x20 || byte === 0x7f);
}

/** Each byte as nmcli's password files escape it, so that spaces at the ends, colons and backslashes stay. Source: nmcli(1), passwd-file. */
function octal(text: string): string {
  return [...utf8(text)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
