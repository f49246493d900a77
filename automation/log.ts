import { pino } from "pino";
import { type RotationLimits, rotateFiles, sizeOf } from "./rotate-files.ts";

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

// Some weeks of a busy service; a person's editor still opens one of them.
const defaultLimits: RotationLimits = { bytes: 20 * 1024 * 1024, files: 5 };

/**
 * A logger that appends to a file, which is made with its folder if needed; `null` logs nowhere. A full file is
 * put aside, see rotate-files.ts.
 */
export function createLogger(file: string | null, level: string, limits = defaultLimits): Logger {
  if (file === null) return pino({ enabled: false });
  // Synchronous: what was logged before a crash is what one wants to read after it. Libraries that rotate
  // write later, or give the current file a number.
  const destination = pino.destination({ dest: file, mkdir: true, sync: true });
  let told = "";
  // A full disk costs lines of the log, and not the service.
  const tell = ({ message }: Error): void => {
    if (message !== told) process.stderr.write(`The log ${file} cannot be written: ${message}\n`);
    told = message;
  };
  destination.on("error", tell);
  // What was really written: lines that a full disk refuses must not push old files out.
  let bytes = sizeOf(file);
  destination.on("write", (written: number) => {
    bytes += written;
  });
  const rotate = (): void => {
    try {
      rotateFiles(file, limits);
      destination.reopen();
    } catch (fault) {
      // It goes on in the file that is open, and tries again when as much again is written.
      if (fault instanceof Error) tell(fault);
    }
    bytes = 0;
  };
  return pino(
    { level },
    {
      write: (line: string) => {
        if (bytes >= limits.bytes) rotate();
        destination.write(line);
      },
    },
  );
}
