import type { QrReading, ReadingContext } from "./reading.ts";

/** One payload format: looks at a text and says null when it is not its own. Must not throw for any text that it takes for its own. */
export interface QrFormatReader {
  /** Cheap look at the beginning; a reader whose `owns` is true is the only one asked. */
  owns(text: string): boolean;
  read(text: string, context: ReadingContext): Promise<QrReading> | QrReading;
}
