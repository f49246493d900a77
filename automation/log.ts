import { pino } from "pino";

/** Structured log: constant text and fields, one JSON line each. Values of secrets never reach it. */
export interface Logger {
  child(fields: Readonly<Record<string, unknown>>): Logger;
  debug(fields: Readonly<Record<string, unknown>>, text: string): void;
  info(fields: Readonly<Record<string, unknown>>, text: string): void;
  /** it heals itself */
  warn(fields: Readonly<Record<string, unknown>>, text: string): void;
  /** a person must act */
  error(fields: Readonly<Record<string, unknown>>, text: string): void;
}

/** A logger that appends to a file, which is made with its folder if needed; `null` logs nowhere. */
export function createLogger(file: string | null, level: string): Logger {
  if (file === null) return pino({ enabled: false });
  // Synchronous: what was logged before a crash is what one wants to read after it.
  const destination = pino.destination({ dest: file, mkdir: true, sync: true });
  let told = "";
  // A full disk costs lines of the log, and not the service.
  destination.on("error", ({ message }: Error) => {
    if (message !== told) process.stderr.write(`The log ${file} cannot be written: ${message}\n`);
    told = message;
  });
  return pino({ level }, destination);
}
