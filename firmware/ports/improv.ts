import type { DeviceStatus } from "./qr-scanner.ts";

/** A serial line that carries bytes both ways. It may come and go. */
export interface ByteLine {
  /** Holds the line whenever it is there, until `signal` aborts; `received` gets what comes, in pieces of any size. Never throws. */
  serve(received: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void>;
  /** Sends after all that was sent before; dropped while nobody holds the line. */
  write(bytes: Uint8Array): void;
  status(): DeviceStatus;
}

/** What Improv's characteristics hold, and what is advertised of it. */
export interface ImprovValues {
  readonly capabilities: number;
  readonly state: number;
  readonly error: number;
  /** A whole frame; empty before the first. */
  readonly result: Uint8Array;
}

/** Where news of a central go. */
export interface ImprovCentral {
  /** It wrote a command, or a piece of one. */
  written(bytes: Uint8Array): void;
  /** How many bytes one notification can carry on this link; again when it changes. */
  room(bytes: number): void;
  left(): void;
}

/** Improv's service over Bluetooth. While it is open a central may connect; otherwise nobody may. */
export interface ImprovRadio {
  /**
   * Advertises the service and lets one central at a time connect. Resolves when the controller took it. It does not start again by
   * itself when the radio was away: the caller watches `status` and calls again.
   *
   * @throws {RadioLostError} FW_RADIO_LOST when there is no radio or it refuses
   */
  open(values: ImprovValues, central: ImprovCentral): Promise<void>;
  /** Changes one value and notifies who asked for it; a new state is advertised too. Lost without a word while there is no radio. */
  tell(what: "state" | "error" | "result", bytes: Uint8Array): void;
  /** `present` means: a central can find it, or is connected. */
  status(): DeviceStatus;
  /** Drops the central and goes silent; never rejects, may be called twice. */
  close(): Promise<void>;
}
