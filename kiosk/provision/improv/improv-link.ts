import type { ImprovFrame } from "../../../protocol/improv/rpc.ts";
import type { ImprovError, ImprovState } from "../../../protocol/improv/values.ts";

/** Where commands go that come over a line. */
export type ImprovListener = (frame: ImprovFrame) => void;

/** A line to one client, Bluetooth or cable. Sending never fails: a client that is away reads or asks when it is back. */
export interface ImprovLink {
  /**
   * Whether a client may be anybody in reach, so that somebody must press the button. Over a cable nobody has to, command 2 asks for the
   * state, and each network of a scan is a result of its own.
   */
  readonly isOverAir: boolean;
  /** Most bytes of one result's data at this moment. */
  readonly resultRoom: number;
  state(value: ImprovState): void;
  error(value: ImprovError): void;
  result(command: number, texts: readonly string[]): void;
}
