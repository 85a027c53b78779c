import type { Advertiser } from "./advertiser.ts";
import type { Air, Radio } from "./air.ts";
import { EVENT, HCI_STATUS, LE_EVENT, little16, OPCODE, read16 } from "./hci.ts";
import { ACL_BUFFERS, type Link, type LinkEnd } from "./link.ts";
import { keyOf, type Listener } from "./listener.ts";

/** Version 4.2: hosts of that time use the legacy advertising commands only, which is what this controller has. */
const VERSION_4_2 = 0x08;
/** Number that Bluetooth keeps for what is made by nobody. */
const NO_MANUFACTURER = 0xffff;
const NCMD = 1;
const ACCEPT_LIST_SIZE = 16;
/** Feature page 0: LE is there (byte 4, bit 6), BR/EDR is not (byte 4, bit 5). */
const FEATURES = [0, 0, 0, 0, 0x60, 0, 0, 0];
const LE_STATES = [0xff, 0xff, 0xff, 0xff, 0xff, 0x03, 0, 0];
const NO_LINK_RSSI = 127;

/** A controller, as its commands see it. */
export interface CommandTarget extends Radio, LinkEnd {
  readonly air: Air;
  readonly publicAddress: Uint8Array;
  readonly advertiser: Advertiser;
  readonly listener: Listener;
  forget(): void;
  setRandomAddress(bytes: Uint8Array): void;
  linkOf(handle: number): Link | undefined;
  event(code: number, parameters: ArrayLike<number>): void;
  leEvent(code: number, parameters: readonly number[]): void;
}

type Handler = (controller: CommandTarget, p: Uint8Array) => Answer;
/** Bytes: parameters of Command Complete. A number: Command Status, and what follows it. */
type Answer = readonly number[] | { readonly status: number; readonly after?: () => void };

const { ok, disallowed, invalid, unknownCommand, unknownConnection, endedByHost } = HCI_STATUS;
const always =
  (...bytes: readonly number[]): Handler =>
  () =>
    bytes;

const HANDLERS = new Map<number, Handler>([
  [OPCODE.setEventMask, always(ok)],
  [OPCODE.leSetEventMask, always(ok)],
  [OPCODE.writeLeHost, always(ok)],
  [OPCODE.leSetDefaultPhy, always(ok)],
  [OPCODE.readLeHost, always(ok, 1, 0)],
  [OPCODE.readVersion, always(ok, VERSION_4_2, 0, 0, VERSION_4_2, ...little16(NO_MANUFACTURER), 0, 0)],
  [OPCODE.readCommands, () => [ok, ...new Uint8Array(64)]],
  [OPCODE.readFeatures, always(ok, ...FEATURES)],
  [OPCODE.readBufferSize, always(ok, ...little16(ACL_BUFFERS.bytes), 0, ...little16(ACL_BUFFERS.count), 0, 0)],
  [OPCODE.readAddress, (c) => [ok, ...c.publicAddress]],
  [OPCODE.leReadBufferSize, always(ok, ...little16(ACL_BUFFERS.bytes), ACL_BUFFERS.count)],
  [OPCODE.leReadFeatures, always(ok, 0, 0, 0, 0, 0, 0, 0, 0)],
  [OPCODE.leReadStates, always(ok, ...LE_STATES)],
  [OPCODE.leReadAdvertisingPower, (c) => [ok, c.txPower & 0xff]],
  [
    OPCODE.reset,
    (c) => {
      c.forget();
      return [ok];
    },
  ],
  [
    OPCODE.leSetRandomAddress,
    (c, p) => {
      if (p.length < 6) return [invalid];
      if (c.advertiser.on || c.listener.scanning) return [disallowed];
      c.setRandomAddress(p);
      return [ok];
    },
  ],
  [OPCODE.leSetAdvertisingParameters, (c, p) => [c.advertiser.setParameters(p)]],
  [OPCODE.leSetAdvertisingData, (c, p) => [c.advertiser.setPayload(p)]],
  [OPCODE.leSetScanResponse, (c, p) => [c.advertiser.setScanResponse(p)]],
  [OPCODE.leSetAdvertiseEnable, (c, p) => [c.advertiser.enable(p[0] === 1)]],
  [OPCODE.leSetScanParameters, (c, p) => [c.listener.setScanParameters(p)]],
  [OPCODE.leSetScanEnable, (c, p) => [c.listener.setScanEnable(p)]],
  [OPCODE.leConnect, (c, p) => ({ status: c.listener.connect(p) })],
  [OPCODE.leCancelConnect, cancelConnect],
  [OPCODE.leReadAcceptListSize, always(ok, ACCEPT_LIST_SIZE)],
  [
    OPCODE.leClearAcceptList,
    (c) => {
      c.listener.acceptList.clear();
      return [ok];
    },
  ],
  [OPCODE.leAddToAcceptList, addToAcceptList],
  [
    OPCODE.leRemoveFromAcceptList,
    (c, p) => {
      c.listener.acceptList.delete(keyOf({ type: p[0] ?? 0, bytes: p.slice(1, 7) }));
      return [ok];
    },
  ],
  [OPCODE.readRssi, readRssi],
  [OPCODE.disconnect, disconnect],
  [OPCODE.leUpdateConnection, updateConnection],
  [
    OPCODE.leReadRemoteFeatures,
    onLink((c, handle) => c.leEvent(LE_EVENT.remoteFeatures, [ok, ...little16(handle), ...new Uint8Array(8)])),
  ],
  [
    OPCODE.readRemoteVersion,
    onLink((c, handle) =>
      c.event(EVENT.remoteVersion, [ok, ...little16(handle), VERSION_4_2, ...little16(NO_MANUFACTURER), 0, 0]),
    ),
  ],
]);

/** Obeys one command and answers it. @param command number, see OPCODE @param p its parameters, of any length */
export function runCommand(controller: CommandTarget, command: number, p: Uint8Array): void {
  const answer = HANDLERS.get(command)?.(controller, p) ?? [unknownCommand];
  if ("status" in answer) {
    controller.event(EVENT.commandStatus, [answer.status, NCMD, ...little16(command)]);
    if (answer.status === ok) answer.after?.();
  } else {
    controller.event(EVENT.commandComplete, [NCMD, ...little16(command), ...answer]);
  }
}

function onLink(then: (controller: CommandTarget, handle: number) => void): Handler {
  return (controller, p) => {
    const handle = read16(p, 0);
    if (!controller.linkOf(handle)) return { status: unknownConnection };
    return { status: ok, after: () => then(controller, handle) };
  };
}

function cancelConnect(controller: CommandTarget): Answer {
  if (!controller.listener.endWish()) return [disallowed];
  // the host learns of it as of a connection that failed
  controller.air.clock.after(0, () =>
    controller.leEvent(LE_EVENT.connected, [unknownConnection, ...new Uint8Array(17)]),
  );
  return [ok];
}

function addToAcceptList(controller: CommandTarget, p: Uint8Array): Answer {
  const { acceptList } = controller.listener;
  if (p.length < 7) return [invalid];
  if (acceptList.size >= ACCEPT_LIST_SIZE) return [0x07]; // memory capacity exceeded
  const address = { type: p[0] ?? 0, bytes: p.slice(1, 7) };
  acceptList.set(keyOf(address), address);
  return [ok];
}

function readRssi(controller: CommandTarget, p: Uint8Array): Answer {
  const handle = read16(p, 0);
  const link = controller.linkOf(handle);
  if (!link) return [unknownConnection, ...little16(handle), 0];
  const rssi = controller.air.path(link.peerOf(controller).end.radio, controller) ?? NO_LINK_RSSI;
  return [ok, ...little16(handle), rssi & 0xff];
}

function disconnect(controller: CommandTarget, p: Uint8Array): Answer {
  const link = controller.linkOf(read16(p, 0));
  if (!link) return { status: unknownConnection };
  const there = p[2] ?? 0;
  return { status: ok, after: () => link.end(controller, { here: endedByHost, there }) };
}

function updateConnection(controller: CommandTarget, p: Uint8Array): Answer {
  const handle = read16(p, 0);
  const link = controller.linkOf(handle);
  if (!link || p.length < 10) return { status: link ? invalid : unknownConnection };
  const after = (): void => {
    link.update({ intervalMs: read16(p, 2) * 1.25, latency: read16(p, 6), timeoutMs: read16(p, 8) * 10 });
    const told = [...p.subarray(2, 4), ...p.subarray(6, 10)];
    const peer = link.peerOf(controller);
    controller.leEvent(LE_EVENT.updated, [ok, ...little16(handle), ...told]);
    peer.end.updated(peer.handle, told);
  };
  return { status: ok, after };
}
