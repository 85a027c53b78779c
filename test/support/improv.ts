import type { DeviceStatus } from "../../firmware/ports/qr-scanner.ts";
import type { WifiJoin, WifiNetwork, WifiScan, WifiSetup } from "../../firmware/ports/wifi.ts";
import type { ImprovDevice } from "../../kiosk/provision/improv/improv-session.ts";
import type { WifiCredentials } from "../../protocol/improv/rpc.ts";
import type { Dbm } from "../../protocol/units.ts";

/** What the machines of these tests say they are. */
export const TEST_DEVICE: ImprovDevice = ["Bluepost", "1.0.0", "Pi 4", "kiosk-0a1b2c3d"];

/** A Wi-Fi with one network that can be joined, by one password. */
export class TestWifi implements WifiSetup {
  networks: readonly WifiNetwork[] = [
    { ssid: "Cho Rach Soi", rssi: -71 as Dbm, security: "none" },
    { ssid: "MyWirelessAP", rssi: -48 as Dbm, security: "wpa2" },
  ];
  password = "mysecurepassword";
  /** Why there is no Wi-Fi; empty: there is one. */
  reason = "";
  readonly asked: WifiCredentials[] = [];

  async status(): Promise<DeviceStatus> {
    return this.reason === "" ? { present: true } : { present: false, reason: this.reason };
  }

  async scan(): Promise<WifiScan> {
    return { kind: "networks", networks: this.networks };
  }

  async join(credentials: WifiCredentials, _signal: AbortSignal): Promise<WifiJoin> {
    this.asked.push(credentials);
    const isRight = credentials.password === this.password;
    return isRight ? { kind: "joined" } : { kind: "failed", why: "refused" };
  }
}
