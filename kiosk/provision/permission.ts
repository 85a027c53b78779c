import { BluepostError } from "../../protocol/errors.ts";

/** What this kiosk keeps belongs to another user: it may be there and sound, and whoever asks may not look. */
export class NotPermittedError extends BluepostError {
  readonly code = "KIOSK_NOT_PERMITTED";
  readonly recovery = "operator";
}

/** Whether a file operation failed because there is no such file or folder. */
export function isAbsent(fault: unknown): boolean {
  return hasCode(fault, ["ENOENT", "ENOTDIR"]);
}

/**
 * Gives the fault to throw for a file operation that failed: "not yours to see" must never be taken for "not there".
 *
 * @param what names what was looked for, for example "the device bundle"
 * @returns {NotPermittedError} KIOSK_NOT_PERMITTED where the system refused, else `fault` itself
 */
export function withPermission(fault: unknown, what: string): unknown {
  if (!hasCode(fault, ["EACCES", "EPERM"])) return fault;
  return new NotPermittedError(
    `you are not permitted to read ${what}: put sudo before the command`,
    {},
    { cause: fault },
  );
}

function hasCode(fault: unknown, codes: readonly string[]): boolean {
  return fault instanceof Error && "code" in fault && codes.includes(String(fault.code));
}
