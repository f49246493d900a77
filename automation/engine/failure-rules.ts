/**
 * What the engine's and the clouds' words mean: data for engine-errors.ts, the first rule that fits decides. Sources:
 * tests/automation/engine/samples (recorded with engine 3.259.0); learn.microsoft.com/azure/azure-resource-manager/
 * troubleshooting/common-deployment-errors; the error codes of Microsoft Graph and of the Databricks REST API.
 */
import type { FailureClass } from "../../metadata-schema/store.ts";

export interface FailureRule {
  /** CamelCase, for programs; reason of the stack's condition */
  readonly code: string;
  readonly class: FailureClass;
  /** host: whichever stack is run; stack: the stack as a whole; object: one call, object or row in it */
  readonly about: "host" | "stack" | "object";
  readonly phrases: readonly RegExp[];
  /** what a person does, or that nobody need do anything */
  readonly next: string;
}

/** Said by program-guard.ts and by a stack's own program. */
export const unfinishedProgram = /ended before it had registered every object/;

const byItself = "It is tried again by itself.";

/** Faults of this host, whichever stack is run: nothing was changed, and nothing more starts while they last. */
const hostRules: readonly Omit<FailureRule, "about">[] = [
  {
    code: "DiskFull",
    class: "transient",
    phrases: [/no space left on device|ENOSPC|disk quota exceeded/i],
    next: "Make room on the disk of the service's home; runs go on by themselves.",
  },
  {
    code: "StateUnavailable",
    class: "transient",
    phrases: [
      /read-only file system|EROFS/i,
      /(?:read|open|writ|lock|list|creat|renam)\w*[^\n]*\.pulumi[^\n]*(?:permission denied|not permitted|input\/output error|not a directory|no such file)/i,
      /unable to open state directory|unable to check if bucket|could not list bucket|problem logging in/i,
    ],
    next: "Make the state folder writable for the service again; runs go on by themselves.",
  },
  {
    code: "WrongPassphrase",
    class: "transient",
    phrases: [/incorrect passphrase|passphrase must be set|PULUMI_CONFIG_PASSPHRASE_FILE/i],
    next: "Put back the passphrase file that belongs to this state, from the backup of the home; runs go on by themselves.",
  },
  {
    code: "EngineMissing",
    class: "transient",
    phrases: [/spawn .+ (?:ENOENT|EACCES|ETXTBSY|ENOEXEC)/, /^\S+: \d+: \S+: not found$|exec format error/im],
    next: "Start the service with `npm start`, which sets the engine up again; runs go on by themselves.",
  },
  {
    code: "ProviderUnavailable",
    class: "transient",
    phrases: [
      /no resource plugin|could not find plugin|failed to (?:load|download) plugin/i,
      /did not begin responding to RPC connections/i,
    ],
    next: "Runs go on by themselves once the providers can be reached; /readyz says when.",
  },
];

/** Faults of one stack's state or program: its objects had nothing to do with it. */
const stackRules: readonly Omit<FailureRule, "about">[] = [
  {
    code: "StateUnreadable",
    class: "permanent",
    phrases: [/failed to load checkpoint|snapshot integrity|could not deserialize deployment/i],
    next: "Restore the stack's state from a backup (`npx rowgate restore`), then reconcile.",
  },
  {
    code: "ProgramUnfinished",
    class: "transient",
    phrases: [unfinishedProgram, /^One or more errors occurred: 14 UNAVAILABLE/],
    next: "Its connection to the engine broke; nothing was deleted. It is tried again by itself.",
  },
  {
    code: "Interrupted",
    class: "transient",
    phrases: [/(?:update|preview|refresh|destroy) cancell?ed/i],
    next: "Somebody else stopped the engine. It is tried again by itself.",
  },
];

/** Faults of one call, object or row. */
const objectRules: readonly Omit<FailureRule, "about">[] = [
  {
    code: "GuardrailRefused",
    class: "permanent",
    phrases: [/\brefused by guardrail\b|\bguardrail\b/i],
    next: "Change the row as the message says.",
  },
  {
    code: "Busy",
    class: "transient",
    phrases: [
      /AnotherOperationInProgress|RetryableError|ConflictingServerOperation|ConcurrentUpdate|InUse.*CannotBe|RESOURCE_CONFLICT|OperationPreempted/,
    ],
    next: byItself,
  },
  {
    code: "Throttled",
    class: "transient",
    phrases: [
      /(?:status(?: ?code)?|http|code|error)["' :=(]*429\b|\b429 Too Many|TooManyRequests|Too many requests|RequestRateTooLarge|RequestsThrottled|\bthrottled\b|REQUEST_LIMIT_EXCEEDED/i,
    ],
    next: "Nothing more starts in the subscription until the cloud takes calls again; then it goes on by itself.",
  },
  {
    code: "PrincipalNotFound",
    class: "transient",
    phrases: [/PrincipalNotFound/],
    next: `A new principal takes a while to be known everywhere. ${byItself}`,
  },
  {
    code: "AccessDenied",
    class: "permanent",
    phrases: [
      /AuthorizationFailed|LinkedAuthorizationFailed|Authorization_RequestDenied|PERMISSION_DENIED|\bForbidden\b|status(?: ?code)?["' :=(]*403\b|does not have (?:authorization|permission)/,
    ],
    next: "Give the service's identity the right that the message names, then reconcile.",
  },
  {
    code: "SoftDeleted",
    class: "permanent",
    phrases: [/soft[- ]deleted|in (?:a )?deleted state|VaultAlreadyExists/i],
    next: "Recover the deleted object or purge it, then reconcile.",
  },
  {
    code: "AlreadyExists",
    class: "permanent",
    phrases: [
      /cannot create already existing resource|RoleAssignmentExists|already exists|RESOURCE_ALREADY_EXISTS|ConflictingObjects/i,
    ],
    next: "See what there is with `npx rowgate adopt STACK`, and take it over with --yes, or remove it in the cloud and reconcile.",
  },
  {
    code: "PolicyDenied",
    class: "permanent",
    phrases: [/RequestDisallowedByPolicy|disallowed by policy/i],
    next: "Change the row, or ask whoever owns the Azure Policy for an exemption, then reconcile.",
  },
  {
    code: "ScopeLocked",
    class: "permanent",
    phrases: [/ScopeLocked/],
    next: "Take the lock off the scope that the message names, then reconcile.",
  },
  {
    code: "LockedOut",
    class: "permanent",
    phrases: [/current IP \S+ will not be allowed/],
    next: "Write the address that the service really calls from into its environment's service_address.",
  },
  {
    code: "QuotaExceeded",
    class: "permanent",
    phrases: [/QuotaExceeded|LimitExceeded|exceed\w* (?:the |your )?(?:quota|limit)/i],
    next: "Raise the quota, or free some of it, then reconcile.",
  },
  {
    code: "CloudUnavailable",
    class: "transient",
    phrases: [
      /InternalServerError|ServiceUnavailable|GatewayTimeout|BadGateway|status(?: code)?[ :=]*50[0234]\b|\b50[234] (?:Bad|Service|Gateway)/i,
      /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|connection (?:refused|reset|lost)|i\/o timeout|no such host|context deadline exceeded|unexpected EOF/i,
      /\bUnavailable\b|transport is closing|error reading from server|client connection is closing/,
      /TEMPORARILY_UNAVAILABLE|INTERNAL_ERROR/,
    ],
    next: byItself,
  },
  {
    code: "Protected",
    class: "permanent",
    phrases: [/is protected|resource .* cannot be deleted because it is protected/i],
    next: "Lift the protection if the object may go, then reconcile.",
  },
  {
    code: "InvalidInput",
    class: "permanent",
    phrases: [
      /missing required (?:property|argument)|is not a (?:valid|known)|should be of type|is not one of|InvalidParameter|InvalidRequest|INVALID_PARAMETER_VALUE|BadRequest|DenyPublicEndpointEnabled|RoleAssignmentUpdateNotPermitted|RoleDefinitionDoesNotExist|UnmatchedPrincipalType/i,
    ],
    next: "Change the row that asks for it as the message says.",
  },
  {
    code: "ProgramFailed",
    class: "unknown",
    phrases: [/^Unhandled exception/m],
    next: "This is a fault of the program, not of a row: tell whoever runs Rowgate, with the run's steps.",
  },
  {
    code: "NotFound",
    // It may be made by somebody any moment.
    class: "unknown",
    phrases: [
      /ParentResourceNotFound|ResourceGroupNotFound|ResourceNotFound|RESOURCE_DOES_NOT_EXIST|does not exist|[Ss]tatus(?: ?[Cc]ode)?["' :=(]*404\b/,
    ],
    next: "Make what is missing, or take the row away that needs it.",
  },
];

const about = (
  what: FailureRule["about"],
  rules: readonly Omit<FailureRule, "about">[],
): readonly FailureRule[] => rules.map((rule) => ({ ...rule, about: what }));

export const failureRules: readonly FailureRule[] = [
  ...about("host", hostRules),
  ...about("stack", stackRules),
  ...about("object", objectRules),
];

/** A failure that no rule explains. */
export const otherwise: FailureRule = {
  code: "RunFailed",
  class: "unknown",
  about: "object",
  phrases: [],
  next: "It is tried again some times; if it goes on, read the run's steps (`npx rowgate describe run`) and change the row.",
};
