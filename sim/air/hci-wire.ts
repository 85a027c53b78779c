import { PacketFramer, packetLength } from "./hci.ts";

/** Messages of the line between a process with virtual HCI sockets and the simulator, beside the H4 packets on it. */
export const HCI_WIRE = {
  /** Process: first message; length (1 byte), name of the adapter. */
  bind: 0xf0,
  /** Simulator: 1 when the adapter is up, 0 when it is down. */
  state: 0xf1,
  /** Process: 14 bytes of `struct hci_filter`. */
  filter: 0xf2,
} as const;

export const FILTER_BYTES = 14;

/** Puts the messages of that line together. */
export function hciWireFramer(): PacketFramer {
  return new PacketFramer((bytes) => {
    if (bytes[0] === HCI_WIRE.bind) return bytes[1] === undefined ? null : 2 + bytes[1];
    if (bytes[0] === HCI_WIRE.state) return 2;
    if (bytes[0] === HCI_WIRE.filter) return 1 + FILTER_BYTES;
    return packetLength(bytes);
  });
}

export function bindMessage(adapter: string): Uint8Array {
  const name = Buffer.from(adapter);
  return Uint8Array.from([HCI_WIRE.bind, name.length, ...name]);
}

export function stateMessage(isUp: boolean): Uint8Array {
  return Uint8Array.of(HCI_WIRE.state, isUp ? 1 : 0);
}

export function filterMessage(filter: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + FILTER_BYTES);
  message[0] = HCI_WIRE.filter;
  message.set(filter.subarray(0, FILTER_BYTES), 1);
  return message;
}
