import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NmcliWifi } from "../../../firmware/rpi/nmcli-wifi.ts";
import { tempFolder } from "../../support/temp.ts";
import { waitFor } from "../../support/wait-for.ts";

const NETWORKS = String.raw`MyWirelessAP:84:WPA2
Chợ\: cổng A\\B:40:
Truong hoc:60:WPA2 802.1X
:55:WPA2
Moi:50:WPA3
Cu:30:WEP
Giua:45:WPA2 WPA3
Doi:90:
Doi:80:WEP
Doi:20:WPA1
`;
const never = new AbortController().signal;

/** A program in nmcli's place: it writes down its arguments and what is in the password file, and answers as told. */
function fakeNmcli(answers: Readonly<Record<string, string>> = {}): { path: string; calls: () => string[] } {
  const folder = tempFolder();
  const path = join(folder, "nmcli");
  const log = join(folder, "log");
  const cases = Object.entries({ "*wifi*list*": `cat ${folder}/networks`, ...answers }).map(([when, then]) => {
    const pattern = when.replaceAll(" ", "\\ ");
    return `  ${pattern}) ${then} ;;`;
  });
  writeFileSync(join(folder, "networks"), NETWORKS);
  const secret = `while [ $# -gt 0 ]; do [ "$1" = passwd-file ] && cat "$2" >> ${log}; shift; done`;
  writeFileSync(
    path,
    ["#!/bin/sh", `echo "$*" >> ${log}`, `all="$*"`, secret, 'case "$all" in', ...cases, "esac"].join("\n"),
  );
  chmodSync(path, 0o700);
  return { path, calls: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []) };
}

it("lists networks with their names as they are, and leaves out those that ask for a person", async () => {
  const { path } = fakeNmcli();
  expect(await new NmcliWifi(path).scan(never)).toEqual({
    kind: "networks",
    networks: [
      { ssid: "MyWirelessAP", rssi: -58, security: "wpa2" },
      { ssid: "Chợ: cổng A\\B", rssi: -80, security: "none" },
      { ssid: "", rssi: -72, security: "wpa2" },
      { ssid: "Moi", rssi: -75, security: "wpa3" },
      { ssid: "Cu", rssi: -85, security: "wep" },
      { ssid: "Giua", rssi: -77, security: "wpa2" },
      { ssid: "Doi", rssi: -55, security: "none" },
      { ssid: "Doi", rssi: -60, security: "wep" },
      { ssid: "Doi", rssi: -90, security: "wpa" },
    ],
  });
});

it("joins by a profile of its own; the password is in no command line, and its file is gone afterwards", async () => {
  const { path, calls } = fakeNmcli();
  const outcome = await new NmcliWifi(path).join({ ssid: "MyWirelessAP", password: " a:b\\" }, never);
  expect(outcome).toEqual({ kind: "joined" });
  const said = calls();
  const file =
    said
      .find((line) => line.includes("passwd-file"))
      ?.split(" ")
      .at(-1) ?? "";
  expect(said).toEqual([
    "--terse --get-values SSID,SIGNAL,SECURITY device wifi list",
    "connection delete id bluepost-wifi-tried",
    "connection add type wifi con-name bluepost-wifi-tried ssid MyWirelessAP connection.autoconnect no 802-11-wireless.hidden no 802-11-wireless-security.key-mgmt wpa-psk",
    `--wait 20 connection up id bluepost-wifi-tried passwd-file ${file}`,
    String.raw`802-11-wireless-security.psk:\040\141\072\142\134`,
    "connection delete id bluepost-wifi",
    "connection modify id bluepost-wifi-tried connection.id bluepost-wifi connection.autoconnect yes",
  ]);
  expect(existsSync(file)).toBe(false);
});

it("asks for what the network is: nothing, an old key, the newest kind, never less than it has, or a hidden one", async () => {
  const ways = [
    ["Chợ: cổng A\\B", "", "802-11-wireless.hidden no"],
    ["Cu", "12345", "802-11-wireless.hidden no 802-11-wireless-security.key-mgmt none"],
    ["Moi", "12345678", "802-11-wireless.hidden no 802-11-wireless-security.key-mgmt sae"],
    ["Doi", "12345678", "802-11-wireless.hidden no 802-11-wireless-security.key-mgmt wpa-psk"],
    ["Kin", "12345678", "802-11-wireless.hidden yes 802-11-wireless-security.key-mgmt wpa-psk"],
    ["Kin mo", "", "802-11-wireless.hidden yes"],
  ] as const;
  for (const [ssid, password, end] of ways) {
    const { path, calls } = fakeNmcli();
    await new NmcliWifi(path).join({ ssid, password }, never);
    const added = calls().find((line) => line.startsWith("connection add"));
    expect(added).toBe(
      `connection add type wifi con-name bluepost-wifi-tried ssid ${ssid} connection.autoconnect no ${end}`,
    );
  }
});

it("takes its profile back when a network cannot be joined, and leaves the one before as it was", async () => {
  const ways = [
    ["MyWirelessAP", "exit 4", "refused"],
    ["MyWirelessAP", "exit 3", "timeout"],
    ["Kin", "exit 4", "not_found"],
    ["MyWirelessAP", "exit 1", "other"],
  ] as const;
  for (const [ssid, end, why] of ways) {
    const { path, calls } = fakeNmcli({ "*connection up*": end });
    const outcome = await new NmcliWifi(path).join({ ssid, password: "12345678" }, never);
    expect(outcome).toEqual({ kind: "failed", why });
    expect(calls().at(-1)).toBe("connection delete id bluepost-wifi-tried");
    expect(calls()).not.toContain("connection delete id bluepost-wifi");
  }
});

it("ends when it is told to, and cleans up", async () => {
  const { path, calls } = fakeNmcli({ "*connection up*": "exec sleep 60" });
  const stop = new AbortController();
  const joining = new NmcliWifi(path).join({ ssid: "MyWirelessAP", password: "12345678" }, stop.signal);
  await waitFor(() => calls().some((line) => line.includes("connection up")));
  stop.abort();
  expect(await joining).toEqual({ kind: "failed", why: "timeout" });
  expect(calls().at(-1)).toBe("connection delete id bluepost-wifi-tried");
});

it("starts nothing for a name or a password that a file could not hold", async () => {
  const { path, calls } = fakeNmcli();
  const wifi = new NmcliWifi(path);
  expect(await wifi.join({ ssid: "a\nb", password: "12345678" }, never)).toEqual({ kind: "failed", why: "unusable" });
  expect(await wifi.join({ ssid: "a", password: "1234\n5678" }, never)).toEqual({ kind: "failed", why: "unusable" });
  expect(calls()).toEqual([]);
});

it("says what is missing on a machine without NetworkManager, without Wi-Fi, or with it switched off", async () => {
  const reason = async (path: string): Promise<string> => {
    const status = await new NmcliWifi(path).status();
    return status.present ? "" : status.reason;
  };
  const devices = (answer: string): string => fakeNmcli({ "*device status*": answer }).path;
  expect(await reason("/no/such/nmcli")).toMatch(/no NetworkManager/);
  expect(await reason(devices("exit 8"))).toBe("NetworkManager is not running");
  expect(await reason(devices("exit 1"))).toBe("NetworkManager does not answer");
  expect(await reason(devices("echo ethernet:connected"))).toBe("this machine has no Wi-Fi");
  expect(await reason(devices("echo wifi:unavailable"))).toMatch(/switched off/);
  expect(await reason(devices("echo wifi:unmanaged"))).toBe("NetworkManager leaves the Wi-Fi alone");
  expect(await reason(devices("echo wifi:disconnected"))).toBe("");
  expect(await new NmcliWifi("/no/such/nmcli").scan(never)).toMatchObject({ kind: "unavailable" });
});
