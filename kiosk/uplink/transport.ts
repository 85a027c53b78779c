import { BluepostError } from "../../protocol/errors.ts";
import type { DownLeaf, UpLeaf } from "../../protocol/mqtt/topics.ts";

/** The gateway cannot be reached, or went away before it acknowledged. Nothing is lost: the ledger sends again. */
export class UplinkDownError extends BluepostError {
  readonly code = "KIOSK_UPLINK_DOWN";
  readonly recovery = "retry";
}

/** What a transport tells the uplink. Handlers must not throw. */
export interface TransportEvents {
  /** The gateway accepted the connection; own topics are subscribed. */
  up(): void;
  down(): void;
  message(leaf: DownLeaf | `cmd/${string}`, payload: Uint8Array): void;
}

/**
 * The way from this kiosk to its gateway. It connects, and reconnects for ever with back-off; it keeps no queue of its own, since the
 * ledger is the only queue.
 */
export interface UplinkTransport {
  open(events: TransportEvents): Promise<void>;
  /**
   * Sends one message on an own topic. With QoS 1 it resolves when the gateway acknowledged: the message is on its disk.
   *
   * @throws {UplinkDownError} KIOSK_UPLINK_DOWN when not connected, or when the connection ends first
   */
  publish(
    leaf: UpLeaf | `cmd-result/${string}`,
    payload: Uint8Array,
    options: { readonly qos: 0 | 1; readonly retain?: boolean },
  ): Promise<void>;
  close(): Promise<void>;
}
