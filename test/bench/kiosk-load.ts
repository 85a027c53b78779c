import type { LoadReport } from "../support/mqtt-load.ts";

/** What the bench asks of a load process. */
export interface GatewayLoad {
  readonly port: number;
  readonly clients: number;
  readonly inFlight: number;
  /** Batches made for each client before the load starts. */
  readonly messages: number;
  readonly durationMs: number;
  /** Batches of each client that are sent before the clock starts, so that a compiler at run time has done its work. */
  readonly warmUp: number;
  /** Whether a subscriber with a durable session takes every message, so that a broker has something to keep. */
  readonly durableSubscriber: boolean;
}

/** What it answers: `acked` has, for each client, the first seqs of the batches that were acknowledged. */
export interface GatewayLoadReport extends LoadReport {
  readonly bytesPerMessage: number;
  readonly ackedSeqs: readonly (readonly number[])[];
}

/** Name of a client of the load; registered at the gateway under it. */
export function loadDevice(client: number): string {
  return `load-${client}`;
}
