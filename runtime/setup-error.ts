import { BluepostError } from "../protocol/errors.ts";

/** What stands on this machine is not as it must be, and starting again does not mend it: a process ends with 78. */
export abstract class SetupError extends BluepostError {
  readonly recovery = "operator";
}
