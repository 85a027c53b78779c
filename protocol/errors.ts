/** What a caller may do about a fault; drives retry loops and the status LED, never message text. */
export type Recovery = "retry" | "drop" | "operator";

/** Values that are safe in logs: counts, codes, sizes, kiosk and venue ids. Never tokens, addresses or payloads. */
export type SafeDetails = Readonly<Record<string, number | boolean | string>>;

/** The folders that may own a fault, as the prefix of its code. */
export type FaultPrefix = "PROTO" | "RT" | "FW" | "KIOSK" | "GW" | "ENGINE" | "SIM";

/**
 * Base of every fault that this product throws on purpose.
 *
 * `code` is stable API (listed in hardware/docs/errors.md, checked by test/architecture/errors-doc.test.ts);
 * `message` is for people and may change. The original fault goes in `cause`.
 */
export abstract class BluepostError extends Error {
  abstract readonly code: `${FaultPrefix}_${string}`;
  abstract readonly recovery: Recovery;
  readonly details: SafeDetails;

  constructor(message: string, details: SafeDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.details = details;
  }
}

/** Bytes or text from outside do not have the form that their format demands. */
export class MalformedError extends BluepostError {
  readonly code = "PROTO_MALFORMED";
  readonly recovery = "drop";
}

/** A number is not finite or lies outside the range that its unit allows. */
export class OutOfRangeError extends BluepostError {
  readonly code = "PROTO_OUT_OF_RANGE";
  readonly recovery = "drop";
}

/** A signature, seal or hash does not verify under the key that should have made it. */
export class BadSealError extends BluepostError {
  readonly code = "PROTO_BAD_SEAL";
  readonly recovery = "drop";
}

/**
 * Checks one number against its range.
 *
 * @throws {OutOfRangeError} PROTO_OUT_OF_RANGE when `value` is not an integer in [min, max]
 */
export function requireInteger(
  name: string,
  value: unknown,
  range: { readonly min: number; readonly max: number },
): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < range.min || value > range.max) {
    throw new OutOfRangeError(`${name} must be an integer from ${range.min} to ${range.max}`, { field: name });
  }
  return value;
}
