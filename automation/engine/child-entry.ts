/**
 * Entry of a child: the process that fills a slot. It runs one program at a time, as one program's throw
 * would fail its neighbours in the same process.
 *
 * States: idle → running → idle. From any state: the channel to the service closes → the engine is stopped
 * politely → the process ends. While running: the lease is not extended in time → the engine is killed.
 */
import { messageOf } from "../errors.ts";
import type { EndedEvent } from "./engine.ts";
import { type ChildSettings, type FromChild, type ToChild, toChild } from "./messages.ts";
import { type RunControl, runStack } from "./run-stack.ts";

// The engine is dead this long before the lease can pass to somebody else.
const killMarginMs = 5_000;

// forked by process-engine.ts with these settings, as JSON
const settings: ChildSettings = JSON.parse(process.argv[2] ?? "null");

let current: { control: RunControl; deadline: NodeJS.Timeout } | null = null;
let leaving = false;

function send(message: FromChild): void {
  // The channel may close between the question and the answer; `disconnect` deals with that.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function leaseTimer(leaseMs: number): NodeJS.Timeout {
  return setTimeout(() => current?.control.kill(), Math.max(0, leaseMs - killMarginMs));
}

async function run({ request, environment }: Extract<ToChild, { type: "run" }>): Promise<void> {
  const control = runStack(request, settings, environment, send);
  current = { control, deadline: leaseTimer(request.leaseMs) };
  const ended = await control.done.catch(
    (fault): EndedEvent => ({
      type: "ended",
      status: "failed",
      failure: { class: "unknown", code: "EngineFault", message: messageOf(fault) },
      narrowed: false,
      changes: {},
    }),
  );
  clearTimeout(current.deadline);
  current = null;
  send(ended);
  if (leaving) process.exit(0);
  send({ type: "idle", rssBytes: process.memoryUsage.rss() });
}

function extend(leaseMs: number): void {
  if (current === null) return;
  clearTimeout(current.deadline);
  current.deadline = leaseTimer(leaseMs);
}

function leave(): void {
  leaving = true;
  if (current === null) process.exit(0);
  current.control.stop(false);
}

process.on("message", (raw) => {
  const message = toChild.parse(raw);
  switch (message.type) {
    case "run":
      void run(message);
      break;
    case "extend":
      extend(message.leaseMs);
      break;
    case "cancel":
      current?.control.stop(message.urgent);
      break;
    case "exit":
      leave();
      break;
    default:
      message satisfies never;
  }
});
process.on("disconnect", leave);
// A terminal's Ctrl-C reaches the whole foreground group; only the service decides when a child ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", leave);
// A program's stray rejection fails its own run through the engine; it must not take the process along
// before that run's end was told.
process.on("unhandledRejection", () => {});
send({ type: "ready" });
