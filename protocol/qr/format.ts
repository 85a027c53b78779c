import type { QrFormat, QrReading, ReadingContext } from "./reading.ts";

/** One payload format. */
export interface QrFormatReader {
  readonly format: QrFormat;
  /** Cheap look at the beginning; the first reader that says true is the only one asked. */
  owns(text: string): boolean;
  /** @throws {BluepostError} any, which the parser turns into `refused: malformed` of this format */
  read(text: string, context: ReadingContext): Promise<QrReading> | QrReading;
}
