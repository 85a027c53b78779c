import { BluepostError } from "../protocol/errors.ts";
import { SetupError } from "../runtime/setup-error.ts";

/** More batches wait than the engine takes on; the sender keeps them and tries again. */
export class EngineBusyError extends BluepostError {
  readonly code = "ENGINE_BUSY";
  readonly recovery = "retry";
}

/** The key files of the authority are missing, unreadable for us, or open to others. */
export class EngineKeysError extends SetupError {
  readonly code = "ENGINE_KEYS";
}

/** A command or request names a case, venue or site that is not there, or gives a value of the wrong form. */
export class EngineInputError extends BluepostError {
  readonly code = "ENGINE_INPUT";
  readonly recovery = "drop";
}
