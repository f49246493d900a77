/**
 * Planted refusals in the words of the cloud that they pretend to be, as the engine gets to read them:
 *
 * - azure-native prints one line with status, code and message (pulumi-azure-native#4509). ARM's throttling
 *   message tells how long to wait: "Please try again after '17' seconds" (velero#9171).
 * - azuread: "unexpected status 429 (429 Too Many Requests) with error: TooManyRequests: Too many requests."
 *   (terraform-provider-azuread#1784)
 * - databricks: "cannot <verb> <resource>: <message of the service>"; its words for a 429 are those of
 *   RESOURCE_EXHAUSTED.
 *
 * Neither Graph's nor Databricks' words carry the header Retry-After, which their providers read and drop. So
 * that it can be told at all, it stands below their message as a line of its own: `Retry-After: 17`.
 */
import { STATUS_CODES } from "node:http";
import { armText, CloudError } from "./cloud-error.ts";
import { type Fault, type FaultCall, packageOf } from "./faults.ts";
import type { Tenant } from "./resource-type.ts";

/** Which call is refused. */
export interface Refused {
  readonly call: FaultCall;
  /** token of the type or function; for a lookup the package whose cloud is asked */
  readonly type: string;
  readonly tenant: Tenant;
}

// what the clouds of these tests ask for when nobody says how long
const defaultRetryAfterSeconds = 10;

/** A limit of ARM's that was reached. */
export const throttledBy = (retryAfterSeconds: number, refused: Refused): CloudError =>
  refusalOf({ kind: "throttle", retryAfterSeconds, code: null, message: null }, refused);

/** What a fault says. */
type Words = Pick<Fault, "kind" | "code" | "message" | "retryAfterSeconds">;

export function refusalOf(fault: Words, refused: Refused): CloudError {
  const said = fault.kind === "throttle" ? throttled(fault, refused) : refusedWith(fault, refused);
  const cloud = packageOf(refused.type);
  const message = fault.message ?? said.message;
  const text = `${providerText(cloud, refused, { ...said, message })}${
    said.retryAfterSeconds === null || carriesWait(message) ? "" : `\nRetry-After: ${said.retryAfterSeconds}`
  }`;
  return new CloudError({ ...said, detail: message, text });
}

interface Said {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds: number | null;
}

const carriesWait = (message: string): boolean => /try again after '\d+' seconds/.test(message);

function throttled(fault: Words, { call, type, tenant }: Refused): Said {
  const retryAfterSeconds = fault.retryAfterSeconds ?? defaultRetryAfterSeconds;
  const said = { status: 429, retryAfterSeconds };
  switch (packageOf(type)) {
    case "azuread":
      return { ...said, code: fault.code ?? "TooManyRequests", message: "Too many requests." };
    case "databricks":
      return {
        ...said,
        code: fault.code ?? "RESOURCE_EXHAUSTED",
        message:
          "Too many requests. Please wait a moment and try again. If the issue persists, consider adjusting your request frequency or reaching out to support for assistance.",
      };
    default: {
      const kind = call === "delete" ? "delete" : call === "create" || call === "update" ? "write" : "read";
      return {
        ...said,
        code: fault.code ?? "SubscriptionRequestsThrottled",
        message: `Number of '${kind}' requests for subscription '${tenant.subscriptionId}' actor '${tenant.deployerId}' exceeded. Please try again after '${retryAfterSeconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
      };
    }
  }
}

/** Codes whose status, or whose words, are not those of a fault of the service. */
const known: Readonly<Record<string, { status: number; message?: (refused: Refused) => string }>> = {
  AuthorizationFailed: {
    status: 403,
    message: ({ tenant, type, call }) =>
      `The client '${tenant.deployerId}' with object id '${tenant.deployerId}' does not have authorization to perform action '${type}/${call}' over scope '/subscriptions/${tenant.subscriptionId}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  },
  RoleAssignmentExists: { status: 409, message: () => "The role assignment already exists." },
  PrincipalNotFound: {
    status: 400,
    message: ({ tenant }) =>
      `Principal does not exist in the directory ${tenant.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay.`,
  },
  AnotherOperationInProgress: {
    status: 429,
    message: () => "Another operation on this or dependent resource is in progress.",
  },
  RetryableError: { status: 429, message: () => "A retryable error occurred." },
  InvalidParameter: { status: 400 },
  PERMISSION_DENIED: { status: 403 },
  INVALID_PARAMETER_VALUE: { status: 400 },
  TEMPORARILY_UNAVAILABLE: { status: 503 },
  ServiceUnavailable: { status: 503, message: () => "The service is unavailable." },
};

function refusedWith(fault: Words, refused: Refused): Said {
  const code = fault.code ?? "InternalServerError";
  const entry = known[code];
  const status = /^\d{3}$/.test(code) ? Number(code) : (entry?.status ?? statusOfCode(code));
  const message = entry?.message?.(refused) ?? "A fault that was asked for.";
  return { status, code, message, retryAfterSeconds: fault.retryAfterSeconds };
}

const statusOfCode = (code: string): number =>
  /TooManyRequests|Throttl|Retryable/i.test(code) ? 429 : /Conflict|Exists/i.test(code) ? 409 : 500;

function providerText(cloud: string, { call, type }: Refused, { status, code, message }: Said): string {
  switch (cloud) {
    case "azuread":
      return `${doing(call)} ${thing(type)}: unexpected status ${status} (${status} ${STATUS_CODES[status] ?? code}) with error: ${code}: ${message}`;
    case "databricks":
      // the real one prints no code; one that was asked for is there to be read
      return `cannot ${call} ${thing(type)}: ${code === "RESOURCE_EXHAUSTED" ? "" : `${code}: `}${message}`;
    default:
      return armText(status, code, message);
  }
}

function doing(call: FaultCall): string {
  switch (call) {
    case "create":
      return "Creating";
    case "update":
      return "Updating";
    case "delete":
      return "Deleting";
    default:
      return "Retrieving";
  }
}

/** `databricks:index/clusterPolicy:ClusterPolicy` is a cluster policy. */
const thing = (token: string): string =>
  (token.split(":").at(-1) ?? token)
    .replace(/^get(?=[A-Z])/, "")
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
