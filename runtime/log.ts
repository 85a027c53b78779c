import pino from "pino";
import { BluepostError, type SafeDetails } from "../protocol/errors.ts";

/** Where events go. Fields are safe values with units in their names; identities never are (STYLE, privacy). */
export interface Logger {
  error(event: string, fields?: SafeDetails): void;
  warn(event: string, fields?: SafeDetails): void;
  info(event: string, fields?: SafeDetails): void;
  debug(event: string, fields?: SafeDetails): void;
}

/** A logger whose lines name the part of the program they come from. */
export interface RootLogger extends Logger {
  child(component: string): Logger;
}

/** The logger of a whole process: also keeps its last lines, for a support bundle. */
export interface ProcessLogger extends RootLogger {
  /** The last lines written, oldest first, at most {@link TAIL_LINES}. */
  tail(): readonly string[];
}

const TAIL_LINES = 300;

export type LogLevel = "error" | "warn" | "info" | "debug" | "silent";

function wrap(target: pino.Logger): Logger {
  return {
    error: (event, fields = {}) => target.error({ event, ...fields }),
    warn: (event, fields = {}) => target.warn({ event, ...fields }),
    info: (event, fields = {}) => target.info({ event, ...fields }),
    debug: (event, fields = {}) => target.debug({ event, ...fields }),
  };
}

/** Writes JSON lines to standard output, one event a line: `{"level":"info","time":..., "part":..., "component":..., "event":...}`. */
export function createLogger(options: { readonly part: string; readonly level: LogLevel }): ProcessLogger {
  const out = pino.destination({ dest: 1, sync: true });
  const kept: string[] = [];
  const write = (line: string): void => {
    kept.push(line);
    if (kept.length > TAIL_LINES) kept.shift();
    out.write(line);
  };
  const root = pino(
    { level: options.level, base: { part: options.part }, formatters: { level: (label) => ({ level: label }) } },
    { write },
  );
  return { ...wrap(root), child: (component) => wrap(root.child({ component })), tail: () => [...kept] };
}

/** Drops everything; for tests and one-shot commands. */
export const silentLogger: RootLogger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};

/** Safe fields of any thrown value: its code or class name, never its message. */
export function faultFields(fault: unknown): SafeDetails {
  if (typeof fault !== "object" || fault === null) return { fault: typeof fault };
  const code = "code" in fault && typeof fault.code === "string" ? fault.code : fault.constructor.name;
  return { fault: code };
}

/** {@link faultFields} with the details of our own faults: which statement's code, which file. Never the message. */
export function faultWithDetails(fault: unknown): SafeDetails {
  return { ...(fault instanceof BluepostError && fault.details), ...faultFields(fault) };
}
