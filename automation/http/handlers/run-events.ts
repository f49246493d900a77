import { eventPosition, textIdParameter } from "../contract.ts";
import type { Handler, ServerEvent } from "../handler.ts";
import { runNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";
import type { Services } from "../services.ts";
import { runBodyOf } from "./run.ts";

/** Steps as server-sent events, numbered; `Last-Event-ID` resumes after a broken connection. */
export const getRunEvents: Handler = async (call, services) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const after = parse(eventPosition, call.headers["last-event-id"], "header Last-Event-ID");
  if ((await services.store.getRun(id)) === null) throw runNotFound(id);
  return { kind: "events", events: events(id, after, call.signal, services) };
};

async function* events(
  runId: string,
  after: number,
  signal: AbortSignal,
  services: Services,
): AsyncIterable<ServerEvent> {
  let last = after;
  for await (const step of services.runEvents(runId, after, signal)) {
    last = step.number;
    yield { id: String(step.number), event: "step", data: step };
  }
  const run = await services.store.getRun(runId);
  if (run !== null && !signal.aborted) yield { id: String(last), event: "ended", data: runBodyOf(run) };
}
