/**
 * Numbers of Improv Wi-Fi, by which a phone or a laptop gives a machine the name and password of a Wi-Fi network.
 *
 * Source: improv-wifi.com, "Improv via BLE" (2.2) and "Improv via Serial".
 */

/** What the machine is doing. Over a cable nobody asks for authorisation: the state begins at `authorized`. */
export const IMPROV_STATE = { authorizationRequired: 1, authorized: 2, provisioning: 3, provisioned: 4 } as const;
export type ImprovState = (typeof IMPROV_STATE)[keyof typeof IMPROV_STATE];

/** What went wrong with the last command. `notAuthorized` is never sent over a cable. */
export const IMPROV_ERROR = {
  none: 0,
  invalidPacket: 1,
  unknownCommand: 2,
  unableToConnect: 3,
  notAuthorized: 4,
  badHostname: 5,
  unknown: 0xff,
} as const;
export type ImprovError = (typeof IMPROV_ERROR)[keyof typeof IMPROV_ERROR];

/** Commands over Bluetooth. Over a cable number 2 asks for the state, the others are the same. */
export const IMPROV_COMMAND = { sendWifi: 1, identify: 2, deviceInfo: 3, scan: 4 } as const;
/** Command 2 over a cable. */
export const SERIAL_REQUEST_STATE = 2;

/** Bits of the capabilities byte. */
export const IMPROV_CAPABILITY = { identify: 1, deviceInfo: 2, scan: 4 } as const;

/** The GATT service and its characteristics, without dashes. */
export const IMPROV_UUID = {
  service: "00467768622822724663277478268000",
  /** Read and notify, 1 byte: {@link IMPROV_STATE}. */
  state: "00467768622822724663277478268001",
  /** Read and notify, 1 byte: {@link IMPROV_ERROR}. */
  error: "00467768622822724663277478268002",
  /** Write, with or without answer. */
  command: "00467768622822724663277478268003",
  /** Read and notify. */
  result: "00467768622822724663277478268004",
  /** Read, 1 byte. */
  capabilities: "00467768622822724663277478268005",
} as const;
