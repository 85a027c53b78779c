import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { MAX_ADVERTISEMENT_BYTES } from "../../ports/beacon.ts";

const Status = Type.Union([
  Type.Object({ present: Type.Literal(true) }),
  Type.Object({ present: Type.Literal(false), reason: Type.String({ maxLength: 200 }) }),
]);
const Why = Type.Union(
  (["not-installed", "no-bluetooth", "no-adapter", "not-permitted", "failed"] as const).map((why) => Type.Literal(why)),
);
const Payload = Type.Uint8Array({ minByteLength: 1, maxByteLength: MAX_ADVERTISEMENT_BYTES });
const Power = Type.Integer({ minimum: -127, maximum: 127 });
const Count = Type.Integer({ minimum: 0 });

/** One sender with one payload, heard once or several times; ages count back from when the message was sent. */
const Heard = Type.Object({
  address: Type.Uint8Array({ minByteLength: 6, maxByteLength: 6 }),
  isRandomAddress: Type.Boolean(),
  payload: Type.Uint8Array({ maxByteLength: MAX_ADVERTISEMENT_BYTES }),
  n: Type.Integer({ minimum: 1 }),
  rssi: Power,
  rssiMean: Power,
  firstAgeMs: Count,
  lastAgeMs: Count,
});
export type HeardMessage = Static<typeof Heard>;

const Byte = Type.Integer({ minimum: 0, maximum: 255 });
/** A frame of Improv: command, length, 255 bytes, checksum. */
const Frame = Type.Uint8Array({ maxByteLength: 258 });
const ImprovValues = Type.Object({ capabilities: Byte, state: Byte, error: Byte, result: Frame });
const Told = Type.Union([Type.Literal("state"), Type.Literal("error"), Type.Literal("result")]);
/** The longest value of an attribute. Source: Bluetooth Core 5.4, Vol 3, Part F, 3.2.9. */
const Written = Type.Uint8Array({ maxByteLength: 512 });

/** What the kiosk tells the radio process. */
const ToRadio = Type.Union([
  Type.Object({ kind: Type.Literal("advertise"), id: Count, payload: Payload }),
  Type.Object({ kind: Type.Literal("silence"), id: Count }),
  Type.Object({ kind: Type.Literal("listen"), on: Type.Boolean(), turn: Count }),
  Type.Object({ kind: Type.Literal("improv_open"), id: Count, values: ImprovValues }),
  Type.Object({ kind: Type.Literal("improv_tell"), what: Told, bytes: Frame }),
  Type.Object({ kind: Type.Literal("improv_close"), id: Count }),
]);
export type ToRadio = Static<typeof ToRadio>;

/** What the radio process tells the kiosk. The status comes every second, so that its absence says something. */
const FromRadio = Type.Union([
  Type.Object({ kind: Type.Literal("status"), beacon: Status, observer: Status, improv: Status }),
  Type.Object({
    kind: Type.Literal("done"),
    id: Count,
    lost: Type.Union([Type.Null(), Type.String({ maxLength: 200 })]),
  }),
  Type.Object({ kind: Type.Literal("heard"), turn: Count, sightings: Type.Array(Heard, { maxItems: 5_000 }) }),
  Type.Object({ kind: Type.Literal("missing"), why: Why }),
  Type.Object({ kind: Type.Literal("improv_written"), bytes: Written }),
  Type.Object({ kind: Type.Literal("improv_room"), bytes: Count }),
  Type.Object({ kind: Type.Literal("improv_left") }),
]);
export type FromRadio = Static<typeof FromRadio>;

const toRadio = TypeCompiler.Compile(ToRadio);
const fromRadio = TypeCompiler.Compile(FromRadio);

/** Null for anything that is not such a message. */
export function parseToRadio(message: unknown): ToRadio | null {
  return toRadio.Check(message) ? message : null;
}

/** Null for anything that is not such a message. */
export function parseFromRadio(message: unknown): FromRadio | null {
  return fromRadio.Check(message) ? message : null;
}
