import type { Indicator } from "../ports/indicator.ts";
import type { DeviceStatus } from "../ports/qr-scanner.ts";

/** A kiosk without lamps, buzzer and door: the screen says it all. */
export class NullIndicator implements Indicator {
  show(): void {}
  openGate(): void {}
  silence(): void {}

  onButton(): () => void {
    return () => {};
  }

  status(): DeviceStatus {
    return { present: false, reason: "no lights are configured" };
  }

  async close(): Promise<void> {}
}
