/** The one file that reads the engine's words. Phrases were seen with engine 3.259.0. */
import type { EndedEvent, EngineFailure } from "./engine.ts";
import { type FailureRule, failureRules, otherwise, unfinishedProgram } from "./failure-rules.ts";

/** One lock on a stack, as the engine tells it whatever the backend. */
export interface LockHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** RFC 3339 */
  readonly at: string;
}

/** The holders of the locks that made the engine refuse; null: it did not refuse for a lock. */
export function lockHolders(stderr: string): readonly LockHolder[] | null {
  if (!/the stack is currently locked by \d+ lock\(s\)/.test(stderr)) return null;
  const line = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g;
  return [...stderr.matchAll(line)].map(([, user = "", host = "", pid = "0", at = ""]) => ({
    user,
    host,
    pid: Number(pid),
    at,
  }));
}

/** A failure of one stack that ours found, not the clouds. */
export const stackFailure = (
  failureClass: EngineFailure["class"],
  code: string,
  message: string,
): EngineFailure => ({ class: failureClass, code, message, scope: "stack", retryAfterMs: null });

/** The end of a run that failed before it changed anything that is known. */
export const failedEnd = (failure: EngineFailure): EndedEvent => ({
  type: "ended",
  status: "failed",
  failure,
  narrowed: false,
  changes: {},
});

/** The rule that explains one message. */
export const ruleOf = (message: string): FailureRule =>
  failureRules.find(({ phrases }) => phrases.some((phrase) => phrase.test(message))) ?? otherwise;

/** False: the objects of the stack had nothing to do with it, and other objects would not help. */
export const isAboutObjects = (code: string): boolean =>
  [...failureRules, otherwise].some((rule) => rule.code === code && rule.about === "object");

/** What the engine said of a checkpoint that it can't use, without the next step; null: it failed for something else. */
export function unreadableState({ code, message }: EngineFailure): string | null {
  const rule = failureRules.find((each) => each.code === "StateUnreadable");
  if (rule === undefined || code !== rule.code) return null;
  return message.slice(0, -rule.next.length).trim().split("\n")[0]?.replace(/\.$/, "") ?? message;
}

/** What is known of a failed run: error diagnostics in order, and the engine's stderr. */
export function failureOf(run: {
  readonly errors: readonly string[];
  readonly stderr: string;
  readonly stdout: string;
}): EngineFailure {
  // The engine ends with summary lines of its own; what a provider or the program said comes before.
  const said = run.errors.map((error) => error.trim()).filter((error) => error !== "");
  const specific = said.filter((error) => !/^(update|preview|refresh|destroy) failed$/i.test(error));
  const fallback =
    run.stderr.trim() || run.stdout.trim().split("\n").slice(-5).join("\n") || "The engine gave no reason.";
  // That its program did not come to its end follows from whatever else made the engine stop.
  const telling = specific.filter((error) => !unfinishedProgram.test(error));
  // A program's own error is told by the program and by the engine.
  const told = telling.length > 0 ? telling : specific;
  const messages = told.length > 0 ? [...new Set(told)] : [said.join("\n") || fallback];
  const rule = decisive(messages.map(ruleOf));
  return {
    class: rule.class,
    code: rule.code,
    message: `${ended(clip(messages.join("\n")))} ${rule.next}`,
    scope: rule.about === "host" ? "host" : "stack",
    retryAfterMs: rule.code === "Throttled" ? longestWaitMs(messages) : null,
  };
}

/** What clouds say may lack its full stop, and the next step follows on the same line. */
const ended = (text: string): string => (/[.!?:;…]$/.test(text) ? text : `${text}.`);

// What the whole host lacks comes first, then what time alone may mend: a run with one passing failure is worth another try.
const weight: readonly ((rule: FailureRule) => boolean)[] = [
  ({ about }) => about !== "object",
  ({ code }) => code === "Throttled",
  (rule) => rule.class === "transient",
  (rule) => rule.class === "unknown",
];

function decisive(rules: readonly FailureRule[]): FailureRule {
  for (const matters of weight) {
    const found = rules.find(matters);
    if (found !== undefined) return found;
  }
  return rules[0] ?? otherwise;
}

// A date in place of seconds must not hold a subscription back for years; after an hour it is asked again.
const longestPauseMs = 3_600_000;

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000 };

/** How long the clouds asked to wait, in milliseconds; null: none of them said. */
export function longestWaitMs(messages: readonly string[]): number | null {
  const waits = messages.flatMap((message) => [
    ...[...message.matchAll(/retry[- ]after"?\s*[:=]?\s*"?(\d+)(?![\d-])/gi)].map(
      ([, seconds]) => Number(seconds) * 1_000,
    ),
    ...[...message.matchAll(/(?:try|retry) again (?:after|in) '?(\d+)'? ?(s|m)/gi)].map(
      ([, count, unit = "s"]) => Number(count) * (unitMs[unit.toLowerCase()] ?? 1_000),
    ),
  ]);
  return waits.length === 0 ? null : Math.min(Math.max(...waits), longestPauseMs);
}

// Enough for several failed objects; a condition or a log line is no place for more.
const maxMessageLength = 4000;
const clip = (text: string): string =>
  text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength)}…`;
