/** What the bench asks of an engine process. */
export interface IngestLoad {
  /** Of the engine's databases. */
  readonly folder: string;
  readonly devices: number;
  /** Batches of each device. */
  readonly batches: number;
  /** Rows of each batch, at most 200. */
  readonly rows: number;
}

/** What it answers. */
export interface IngestLoadReport {
  readonly records: number;
  /** Rows that the engine's store has at the end. */
  readonly stored: number;
  /** Rows of the part that was timed: the rest warmed the compiler up. */
  readonly measured: number;
  readonly seconds: number;
  /** Processor time of the whole process for each row, microseconds; visits are built meanwhile. */
  readonly processorUs: number;
}
