import { MalformedError } from "./errors.ts";

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A site: everything behind one gateway. Lower-case letters, digits and dashes, 1 to 32. */
export type SiteId = Brand<string, "site">;
/** One kiosk. Lower-case letters, digits and dashes, 1 to 32; it stands in MQTT topics and certificates. */
export type DeviceId = Brand<string, "device">;
/** A public place that people enter: exactly 8 lower-case Crockford base32 digits (40 bits). */
export type VenueId = Brand<string, "venue">;
/** A ledger's life: 8 random bytes, as 16 hex digits; new when the database is created or a fork is found. */
export type Epoch = Brand<string, "epoch">;
/** A run of one machine between two power cycles: the first 4 bytes of the kernel's boot id, as 8 hex digits. */
export type BootId = Brand<string, "boot">;
/** A visitor as the door network knows one for at most two site days: 16 bytes, as 32 hex digits. Never leaves the site. */
export type VisitorTag = Brand<string, "visitor-tag">;
/** A visitor as the engine knows one: 16 bytes, as 32 hex digits. */
export type PersonKey = Brand<string, "person">;

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const VENUE = /^[0-9abcdefghjkmnpqrstvwxyz]{8}$/;

function parse<T>(name: string, pattern: RegExp, value: unknown): T {
  if (typeof value !== "string" || !pattern.test(value)) throw new MalformedError(`not a ${name}`, { field: name });
  return value as T;
}

/** @throws {MalformedError} PROTO_MALFORMED when `value` is not a site id */
export function parseSiteId(value: unknown): SiteId {
  return parse<SiteId>("site id", NAME, value);
}
/** @throws {MalformedError} PROTO_MALFORMED when `value` is not a device id */
export function parseDeviceId(value: unknown): DeviceId {
  return parse<DeviceId>("device id", NAME, value);
}
/** @throws {MalformedError} PROTO_MALFORMED when `value` is not a venue id */
export function parseVenueId(value: unknown): VenueId {
  return parse<VenueId>("venue id", VENUE, value);
}
/** @throws {MalformedError} PROTO_MALFORMED when `value` is not an epoch */
export function parseEpoch(value: unknown): Epoch {
  return parse<Epoch>("epoch", /^[0-9a-f]{16}$/, value);
}
/** @throws {MalformedError} PROTO_MALFORMED when `value` is not a boot id */
export function parseBootId(value: unknown): BootId {
  return parse<BootId>("boot id", /^[0-9a-f]{8}$/, value);
}

/** Which of a device's two logs a record stands in: `c` check-ins, `p` presence. */
export type Stream = "c" | "p";

/** @throws {MalformedError} PROTO_MALFORMED when `value` is neither stream */
export function parseStream(value: unknown): Stream {
  return parse<Stream>("stream", /^[cp]$/, value);
}
