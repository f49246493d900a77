/** Shapes of requests and responses. Handlers are typed by them and parse what comes in with them. */
import { z } from "zod";
import { type MetadataTable, tableNames } from "../../metadata-schema/columns.ts";

export const conditionBody = z.object({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string(),
  message: z.string(),
  since: z.string(),
});

export const jobSummaryBody = z.object({
  jobId: z.int(),
  name: z.string().nullable(),
  environment: z.string().nullable(),
  priority: z.string(),
  enabled: z.boolean(),
  owner: z.string().nullable(),
  /** the condition Ready; a job that was never resolved has status Unknown */
  ready: conditionBody,
});
export type JobSummaryBody = z.infer<typeof jobSummaryBody>;

export const jobListBody = z.object({
  jobs: z.array(jobSummaryBody),
  /** give it as `after` to read on; null: this was the last page */
  next: z.int().nullable(),
});
export type JobListBody = z.infer<typeof jobListBody>;

export const jobBody = jobSummaryBody.omit({ ready: true }).extend({
  conditions: z.array(conditionBody),
  /** rows that are Blocked or Waiting */
  rows: z.array(z.object({ table: z.string(), key: z.string(), condition: conditionBody })),
  stacks: z.array(
    z.object({
      stack: z.string(),
      kind: z.string(),
      inSync: z.boolean(),
      lastSuccessAt: z.string().nullable(),
      lastSuccessRunId: z.string().nullable(),
      runningRunId: z.string().nullable(),
      conditions: z.array(conditionBody),
    }),
  ),
});
export type JobBody = z.infer<typeof jobBody>;

export const outputsBody = z.object({
  jobId: z.int(),
  environment: z.string(),
  /** when the job stack last succeeded; null: never */
  asOf: z.string().nullable(),
  /** the run of that success */
  runId: z.string().nullable(),
  /** true: the rows ask for something that is not applied yet, or nothing was ever applied */
  stale: z.boolean(),
  outputs: z.record(z.string(), z.unknown()),
});
export type OutputsBody = z.infer<typeof outputsBody>;

export const runBody = z.object({
  runId: z.string(),
  stack: z.string(),
  kind: z.string(),
  reason: z.string(),
  status: z.string(),
  requestId: z.string().nullable(),
  queuedAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  changes: z.record(z.string(), z.number()),
  failure: z.object({ class: z.string(), message: z.string() }).nullable(),
  /** what the log lines and spans of its change, resolution, run and steps have in common */
  traceId: z.string(),
});
export type RunBody = z.infer<typeof runBody>;

export const acceptedBody = z.object({
  request: z.string(),
  runs: z.array(z.object({ id: z.string(), stack: z.string() })),
});
export type AcceptedBody = z.infer<typeof acceptedBody>;

/** Objects that a run of kind `adoptable` told of, as it told them. */
export const adoptRequestBody = z.strictObject({
  objects: z
    .array(z.strictObject({ urn: z.string().min(1).max(2_000), id: z.string().min(1).max(2_000) }))
    .min(1)
    .max(1_000),
});

export const cancelBody = z.object({
  run: z.string(),
  /** `asked`: it runs, and ends once its calls under way have ended */
  status: z.enum(["canceled", "asked"]),
});
export type CancelBody = z.infer<typeof cancelBody>;

export const requestBody = z.object({
  request: z.string(),
  kind: z.string(),
  /** of what was asked for, a job or a stack; the other one is null */
  jobId: z.int().nullable(),
  stack: z.string().nullable(),
  createdAt: z.string(),
  /** `running` as long as one of its runs has not ended */
  status: z.enum(["running", "succeeded", "failed"]),
  runs: z.array(runBody),
});
export type RequestBody = z.infer<typeof requestBody>;

/** sandbox: simulated clouds, nothing real is touched */
const cloudKind = z.enum(["sandbox", "azure"]);
export type CloudKind = z.infer<typeof cloudKind>;

export const healthBody = z.object({ status: z.literal("ok"), pid: z.int(), cloud: cloudKind });
export type HealthBody = z.infer<typeof healthBody>;

export const readinessBody = z.object({
  status: z.enum(["ready", "unavailable"]),
  cloud: cloudKind,
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string().nullable() })),
});
export type ReadinessBody = z.infer<typeof readinessBody>;

export const applyRequestBody = z.strictObject({
  /** as parsed from YAML or JSON; see metadata-schema/documents/read-documents.ts */
  documents: z.array(z.unknown()).max(10_000),
  prune: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  /** `plan` of a dry run that somebody agreed to: other changes are refused with 409 PlanChanged */
  plan: z.string().nullable().default(null),
});

export const applyBody = z.object({
  applied: z.boolean(),
  plan: z.string(),
  changes: z.array(
    z.object({
      kind: z.enum(["insert", "update", "delete"]),
      table: z.string(),
      key: z.string().nullable(),
      jobId: z.int().nullable(),
      about: z.string(),
      columns: z.record(z.string(), z.object({ before: z.unknown(), after: z.unknown() })),
    }),
  ),
});
export type ApplyBody = z.infer<typeof applyBody>;

export const exportBody = z.object({ documents: z.array(z.record(z.string(), z.unknown())) });
export type ExportBody = z.infer<typeof exportBody>;

/** Of a path or a query. Text that Number() takes for one, like none at all, is not meant as one. */
const wholeNumber = z
  .string()
  .regex(/^-?\d+$/, "is not a whole number")
  .transform(Number)
  .pipe(z.int());
/** A job that somebody numbered below 1 is a job too. */
export const jobIdParameter = z.object({ id: wholeNumber });
export const textIdParameter = z.object({ id: z.string().min(1).max(100) });
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: wholeNumber.default(Number.MIN_SAFE_INTEGER),
});
export const eventPosition = z.coerce.number().int().min(0).default(0);

// ---- looking around

export const rowListBody = z.object({
  rows: z.array(
    z.object({
      table: z.string(),
      key: z.string(),
      values: z.record(z.string(), z.unknown()),
      /** Blocked or Waiting */
      conditions: z.array(conditionBody),
    }),
  ),
});
export type RowListBody = z.infer<typeof rowListBody>;

export const stackSummaryBody = z.object({
  stack: z.string(),
  kind: z.string(),
  /** of an access stack: display name of the group that holds what is in it */
  group: z.string().nullable(),
  environment: z.string(),
  lane: z.string(),
  /** false: nothing asks for it any more, it is to be destroyed */
  wanted: z.boolean(),
  inSync: z.boolean(),
  attempts: z.int(),
  nextAttemptAt: z.string().nullable(),
  lastSuccessAt: z.string().nullable(),
  lastSuccessRunId: z.string().nullable(),
  runningRunId: z.string().nullable(),
  /** of its last run that writes; null: none has ended yet */
  ready: conditionBody.nullable(),
  drifted: conditionBody.nullable(),
});
export type StackSummaryBody = z.infer<typeof stackSummaryBody>;
export const stackListBody = z.object({ stacks: z.array(stackSummaryBody) });
export type StackListBody = z.infer<typeof stackListBody>;

export const stackBody = stackSummaryBody.extend({
  conditions: z.array(conditionBody),
  contributions: z.array(
    z.object({
      subject: z.string(),
      jobId: z.int().nullable(),
      asks: z.array(
        z.object({
          table: z.string(),
          key: z.string(),
          ask: z.string(),
          objects: z.array(z.string()),
          admitted: z.boolean(),
        }),
      ),
    }),
  ),
  /** newest first */
  runs: z.array(runBody),
});
export type StackBody = z.infer<typeof stackBody>;

export const stepListBody = z.object({
  steps: z.array(
    z.object({
      number: z.int(),
      at: z.string(),
      operation: z.string(),
      urn: z.string(),
      type: z.string(),
      status: z.string(),
      objectId: z.string().nullable(),
      message: z.string().nullable(),
    }),
  ),
});
export type StepListBody = z.infer<typeof stepListBody>;

export const runListBody = z.object({ runs: z.array(runBody) });
export type RunListBody = z.infer<typeof runListBody>;

export const whyObjectBody = z.object({
  objects: z.array(
    z.object({
      object: z.string(),
      stack: z.string(),
      kind: z.string(),
      applied: z.boolean(),
      rows: z.array(
        z.object({ table: z.string(), key: z.string(), jobId: z.int().nullable(), ask: z.string() }),
      ),
    }),
  ),
});
export type WhyObjectBody = z.infer<typeof whyObjectBody>;

export const whyRowBody = z.object({
  row: z.object({
    table: z.string(),
    key: z.string(),
    jobId: z.int().nullable(),
    values: z.record(z.string(), z.unknown()),
  }),
  conditions: z.array(conditionBody),
  objects: z.array(
    z.object({
      object: z.string(),
      stack: z.string(),
      kind: z.string(),
      admitted: z.boolean(),
      applied: z.boolean(),
      ask: z.string(),
    }),
  ),
});
export type WhyRowBody = z.infer<typeof whyRowBody>;

export const accessBody = z.object({
  access: z.array(
    z.object({
      /** object id */
      principal: z.string(),
      /** display name of who holds it */
      name: z.string(),
      action: z.string(),
      object: z.string(),
      /** name of the group that it comes through; null: it is held in person */
      through: z.string().nullable(),
      because: z.array(z.object({ table: z.string(), key: z.string() })),
    }),
  ),
});
export type AccessBody = z.infer<typeof accessBody>;

export const engineBody = z.object({
  path: z.string(),
  version: z.string(),
  /** runs at once, and how many more are kept for urgent work */
  slots: z.int(),
  urgentSlots: z.int(),
  running: z.int(),
  /** state of stacks that no row asks for; nothing is deleted */
  unknownState: z.array(z.object({ stack: z.string(), changedAt: z.string() })),
  /** why no run starts for now, whichever stack it is of */
  closedFor: z.array(z.string()),
  slotStates: z.array(
    z.object({
      state: z.enum(["idle", "starting", "running", "stopping", "backing-off"]),
      /** how long it has been so */
      forMs: z.number(),
      stack: z.string().nullable(),
      rssBytes: z.number(),
    }),
  ),
  /** subscriptions whose cloud asked to wait */
  pauses: z.array(z.object({ subscriptionId: z.string(), until: z.string(), reason: z.string() })),
});
export type EngineBody = z.infer<typeof engineBody>;

// ---- probes and alerts

export const probeBody = z.object({
  stack: z.string(),
  endpoint: z.string(),
  at: z.string(),
  /** the run that it followed; null: the clock, or somebody asked */
  runId: z.string().nullable(),
  status: z.enum(["ok", "failed", "unknown"]),
  /** this, reason and message: null where it is ok */
  failedLayer: z.string().nullable(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  layers: z.array(
    z.object({ layer: z.string(), status: z.string(), durationMs: z.number(), detail: z.string() }),
  ),
});
export type ProbeBody = z.infer<typeof probeBody>;
export const probeListBody = z.object({ probes: z.array(probeBody) });
export type ProbeListBody = z.infer<typeof probeListBody>;
export const probeRequestBody = z
  .strictObject({ endpoint: z.string().min(1).max(100).optional() })
  .nullish()
  .transform((body) => body ?? {});

const alertState = z.enum(["Fired", "Resolved"]);
export const alertBody = z.object({
  /** goes back in as `before` */
  number: z.int(),
  alertId: z.string(),
  ruleId: z.string(),
  /** null: it is of no job */
  jobId: z.int().nullable(),
  metric: z.string().nullable(),
  /** 0 (critical) to 4 (verbose) */
  severity: z.int(),
  state: alertState,
  firedAt: z.string(),
  resolvedAt: z.string().nullable(),
  description: z.string().nullable(),
  essentials: z.record(z.string(), z.unknown()),
});
export type AlertBody = z.infer<typeof alertBody>;
export const alertListBody = z.object({ alerts: z.array(alertBody) });
export type AlertListBody = z.infer<typeof alertListBody>;

/** Azure's common alert schema, of which one field is read: the rest is asked of Azure itself. */
export const azureAlertBody = z.object({
  data: z.object({ essentials: z.object({ alertId: z.string().min(1).max(500) }) }),
});
export const takenAlertBody = z.object({ alertId: z.string(), state: alertState });
export type TakenAlertBody = z.infer<typeof takenAlertBody>;

const tableName = z.enum(tableNames as readonly [MetadataTable, ...MetadataTable[]]);
export type TableName = z.infer<typeof tableName>;
const jobFilter = { jobId: wholeNumber.optional() };
const listLimit = z.coerce.number().int().min(1).max(500);
export const rowsQuery = z.strictObject({ table: tableName.optional(), ...jobFilter });
export const exportQuery = z.strictObject(jobFilter);
export const stacksQuery = z.strictObject(jobFilter);
export const runsQuery = z.strictObject({ limit: listLimit.default(50), ...jobFilter });
export const probesQuery = z.strictObject({
  stack: z.string().min(1).max(100).optional(),
  limit: listLimit.default(100),
});
export const alertsQuery = z.strictObject({
  state: alertState.optional(),
  before: wholeNumber.optional(),
  limit: listLimit.default(100),
  ...jobFilter,
});
export const stepsQuery = z.strictObject({ after: eventPosition, limit: listLimit.default(500) });
const someText = z.string().trim().min(1).max(1000);
export const accessQuery = z.strictObject({ principal: someText.optional(), object: someText.optional() });
export const whyQuery = z
  .strictObject({
    object: z.string().trim().min(1).max(1000).optional(),
    row: z
      .string()
      .regex(/^[A-Za-z_]+\/.+$/, "is not like Access_Policies/17")
      .optional(),
  })
  .refine(({ object, row }) => (object === undefined) !== (row === undefined), {
    error: "give one of object=TEXT and row=TABLE/KEY",
  });
export const rowReference = z.object({ table: tableName, key: z.string().min(1) });
