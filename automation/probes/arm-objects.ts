/**
 * The objects of Azure Resource Manager that a probe reads. ARM keeps an object's facts under `properties`, at
 * each level; the simulated clouds leave that out in places, so one level is read with or without it.
 */
import { z } from "zod";
import type { ArmAnswer } from "../azure/arm-client.ts";
import { type Look, nameOf, type Verdict } from "./probe-layer.ts";

const flat = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((value) => {
    if (typeof value !== "object" || value === null || !("properties" in value)) return value;
    const { properties } = value;
    return typeof properties === "object" ? { ...value, ...properties } : value;
  }, shape);

const connections = z
  .array(
    flat(
      z.object({
        privateLinkServiceId: z.string(),
        privateLinkServiceConnectionState: z.object({
          status: z.string(),
          description: z.string().optional(),
        }),
      }),
    ),
  )
  .default([]);

export const privateEndpoint = flat(
  z.object({
    subnet: z.object({ id: z.string() }),
    networkInterfaces: z.array(z.object({ id: z.string() })).default([]),
    customDnsConfigs: z.array(z.object({ fqdn: z.string().optional() })).default([]),
    privateLinkServiceConnections: connections,
    manualPrivateLinkServiceConnections: connections,
  }),
);

export const networkInterface = flat(
  z.object({
    ipConfigurations: z.array(
      flat(
        z.object({
          privateIPAddress: z.string(),
          privateLinkConnectionProperties: z.object({ fqdns: z.array(z.string()).default([]) }).optional(),
        }),
      ),
    ),
  }),
);

export const target = flat(z.object({ publicNetworkAccess: z.string().optional() }));

export type Read<T> =
  | { readonly status: "read"; readonly value: T }
  | { readonly status: "unread"; readonly verdict: Verdict };

/** Reads one object, or says in a verdict why it could not be read. */
export async function readObject<Shape extends z.ZodType>(
  { from, signal }: Pick<Look, "from" | "signal">,
  id: string,
  { kind, shape }: { readonly kind: string; readonly shape: Shape },
): Promise<Read<z.infer<Shape>>> {
  const answer = await from.arm.get(id, { signal });
  if (answer.status !== "ok") return { status: "unread", verdict: unread(answer, id, kind) };
  const parsed = shape.safeParse(answer.body);
  if (parsed.success) return { status: "read", value: parsed.data };
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  return {
    status: "unread",
    verdict: {
      status: "unknown",
      reason: "ArmAnswerUnreadable",
      message: `The ${kind} ${nameOf(id)} is not in the form that is expected (${faults.join("; ")}). Look at it in the portal.`,
    },
  };
}

function unread(answer: Exclude<ArmAnswer, { status: "ok" }>, id: string, kind: string): Verdict {
  const thing = `the ${kind} ${nameOf(id)}`;
  switch (answer.status) {
    case "missing":
      return {
        status: "failed",
        reason: "NotFound",
        message: `There is no ${kind} ${nameOf(id)} (${id}). Reconcile the stack that owns it, or refresh it if somebody deleted it.`,
      };
    case "throttled": {
      const when = answer.retryAfterSeconds === null ? "later" : `in ${answer.retryAfterSeconds} s`;
      return {
        status: "unknown",
        reason: "ArmThrottled",
        message: `Could not look at ${thing}: Azure asks for fewer calls. Probe again ${when}.`,
      };
    }
    case "refused":
      return {
        status: "unknown",
        reason: "ArmRefused",
        message: `Could not look at ${thing}: ${answer.message}. Give the service's identity read access to it.`,
      };
    case "unavailable":
      return {
        status: "unknown",
        reason: "ArmUnavailable",
        message: `Could not look at ${thing}: ${answer.message}. Probe again once it answers.`,
      };
    default:
      return answer satisfies never;
  }
}
