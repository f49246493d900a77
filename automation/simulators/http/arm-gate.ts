/** What every call of ARM's HTTP side goes through: limits, replication lag, and the activity log. */
import { operationOn, recordActivity } from "../activity.ts";
import { CloudError } from "../cloud-error.ts";
import { throttledBy } from "../fault-words.ts";
import { throughLag } from "../lag.ts";
import type { CallContext } from "../resource-type.ts";
import { readSettings } from "../settings.ts";
import type { ArmCallKind } from "../throttle.ts";
import type { Answer, CloudRoute, HttpCall } from "./route.ts";

export interface ArmRequest {
  readonly method: string;
  readonly path: string;
  readonly correlationId: string;
}

export function throughArm(route: CloudRoute, call: HttpCall, request: ArmRequest): Answer {
  const { context } = call;
  const isRead = request.method === "GET" || route.isRead === true;
  const headers = admit(context, isRead ? "read" : "write", request);
  const answer = isRead
    ? throughLag(context, "lookup", () => route.handle(call))
    : recorded(context, request, () => route.handle(call));
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

/** Refuses what a limit refuses; else the header that says what is left. */
function admit(
  context: CallContext,
  kind: ArmCallKind,
  { path }: ArmRequest,
): Readonly<Record<string, string>> {
  const { store, throttle, tenant } = context;
  const settings = readSettings(store);
  const now = Date.now();
  const isNetwork = /\/providers\/Microsoft\.Network\//i.test(path);
  const wait = throttle.take(kind, isNetwork, settings, now);
  if (wait !== null) {
    throw throttledBy(wait, { call: kind === "read" ? "read" : "update", type: "azure-native", tenant });
  }
  const left = String(throttle.remaining(kind, settings, now));
  return { [`x-ms-ratelimit-remaining-subscription-${kind}s`]: left };
}

function recorded(context: CallContext, request: ArmRequest, work: () => Answer): Answer {
  const { store, tenant } = context;
  const change = changeOf(request);
  const record = (status: "Succeeded" | "Failed", message: string | null): void =>
    recordActivity(context, {
      ...change,
      caller: tenant.deployerId,
      correlationId: request.correlationId,
      status,
      message,
    });
  try {
    return store.transaction(() => {
      const answer = work();
      record("Succeeded", null);
      return answer;
    });
  } catch (error) {
    record("Failed", error instanceof CloudError ? error.detail : String(error));
    throw error;
  }
}

/** `POST …/triggers/nightly/start` is the action start on the trigger. */
function changeOf({ method, path }: ArmRequest): { readonly operation: string; readonly resourceId: string } {
  const id = path.replace(/\/+$/, "");
  if (method !== "POST") {
    return { operation: operationOn(id, method === "DELETE" ? "delete" : "write"), resourceId: id };
  }
  const [, resourceId = id, verb = ""] = /^(.*)\/([^/]+)$/.exec(id) ?? [];
  return { operation: operationOn(resourceId, `${verb}/action`), resourceId };
}
