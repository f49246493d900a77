/** Reads a StackSpec that a person wrote. The service makes its own and never comes through here. */
import { z } from "zod";
import {
  aclObjectTypes,
  existingResources,
  networkServices,
  type StackSpec,
} from "../metadata-schema/desired-state.ts";

const text = z.string().min(1);
const environment = z.strictObject({
  name: z.string().regex(/^[a-z0-9]{2,12}$/, "must be 2 to 12 lower-case letters and digits"),
  location: text,
  subscriptionId: z.guid(),
  tenantId: z.guid(),
  resourceGroup: text,
  existing: z.partialRecord(z.enum(existingResources), text),
});
const workspace = z.strictObject({
  host: z.hostname("must be a host name without a scheme"),
  resourceId: text,
});
const common = { stack: text, environment };
const mayHaveExceptions = {
  exceptions: z.array(z.strictObject({ guardrail: text, subject: text })).exactOptional(),
};

const platform = z.strictObject({
  kind: z.literal("platform"),
  ...common,
  addressSpace: text,
  ownGroup: z.strictObject({ displayName: text, memberObjectIds: z.array(z.guid()) }).nullable(),
  serviceUrl: z.url().nullable(),
  alertEmails: z.array(z.email()),
  production: z.boolean(),
  deletionProtection: z.boolean(),
});
const workspaceStack = z.strictObject({
  kind: z.literal("workspace"),
  ...common,
  workspace,
  factoryClientId: z.guid(),
});
const runtimes = z.strictObject({
  kind: z.literal("runtimes"),
  ...common,
  runtimes: z.array(
    z.strictObject({
      name: text,
      type: z.enum(["managed", "self-hosted"]),
      description: text.nullable(),
      coreCount: z.int().min(1),
      timeToLiveMinutes: z.int().min(0),
    }),
  ),
});
const network = z.strictObject({
  kind: z.literal("network"),
  ...common,
  service: z.enum(networkServices),
  endpoints: z.array(z.strictObject({ name: text, targetId: text, groupId: text })),
});
const firewallCommon = {
  kind: z.literal("firewall"),
  ...common,
  ...mayHaveExceptions,
  ranges: z.array(text),
};
const firewall = z.discriminatedUnion("service", [
  z.strictObject({
    ...firewallCommon,
    service: z.literal("databricks"),
    workspace,
    serviceAddress: text,
  }),
  z.strictObject({ ...firewallCommon, service: z.literal("sql") }),
]);
const secret = z.strictObject({ vaultId: text, vaultUri: text, secretName: text });
const whole = z.int().min(0);
const pipeline = z.strictObject({
  source: z
    .strictObject({
      name: text,
      type: z.enum(["sql-server", "azure-sql", "adls", "blob", "rest"]),
      host: text.nullable(),
      database: text.nullable(),
      path: text.nullable(),
      credential: secret.nullable(),
    })
    .nullable(),
  runtime: text,
  sinkPath: text,
  concurrency: z.int().min(1),
  timeoutMinutes: z.int().min(1),
  retryCount: whole,
  retryIntervalSeconds: z.int().min(1),
  parameters: z.record(z.string(), z.unknown()),
  trigger: z
    .strictObject({
      frequency: z.enum(["Minute", "Hour", "Day", "Week", "Month"]),
      interval: z.int().min(1),
      timeZone: text,
      minutes: z.array(whole),
      hours: z.array(whole),
      weekDays: z.array(text),
      monthDays: z.array(z.int()),
      started: z.boolean(),
    })
    .nullable(),
  serviceUrl: z.url().nullable(),
});
const alert = z.strictObject({
  metric: text,
  operator: z.enum(["LessThan", "GreaterThan", "LessThanOrEqual", "GreaterThanOrEqual"]),
  threshold: z.number(),
  windowMinutes: z.int().min(1),
  frequencyMinutes: z.int().min(1),
  severity: z.int().min(0).max(4),
  missingData: z.enum(["alert", "ignore"]),
  enabled: z.boolean(),
});
const job = z.strictObject({
  kind: z.literal("job"),
  ...common,
  ...mayHaveExceptions,
  workspace,
  jobId: z.int(),
  name: text,
  enabled: z.boolean(),
  urgent: z.boolean(),
  owner: text.nullable(),
  schedule: z.strictObject({ cron: text, timeZone: text }).nullable(),
  taskPath: text,
  model: text,
  ownsModel: z.boolean(),
  catalog: text,
  schema: text,
  cluster: z.strictObject({
    nodeType: text,
    sparkVersion: text,
    minWorkers: whole,
    maxWorkers: z.int().min(1),
    spot: z.boolean(),
    autoTerminationMinutes: whole,
  }),
  online: z.boolean(),
  serving: z.strictObject({ version: text, size: text }).nullable(),
  federation: z.strictObject({ issuer: text, subject: text }).nullable(),
  accountId: z.guid().nullable(),
  connectorPrincipalId: z.guid(),
  metrics: z.strictObject({ endpoint: text, ruleId: text }),
  driftWarehouseId: text.nullable(),
  secrets: z.array(secret),
  pipeline: pipeline.nullable(),
  alerts: z.array(alert),
});
const access = z.strictObject({
  kind: z.literal("access"),
  ...common,
  ...mayHaveExceptions,
  workspace,
  production: z.literal(true).exactOptional(),
  principal: z.strictObject({
    type: z.enum(["Group", "ServicePrincipal"]),
    objectId: z.guid(),
    displayName: text,
  }),
  workspaceMember: z.boolean(),
  roleAssignments: z.array(z.strictObject({ scope: text, roleId: z.guid(), roleName: text })),
  unityGrants: z.array(
    z.strictObject({
      securable: z.enum(["catalog", "schema", "model"]),
      name: text,
      privileges: z.array(text),
    }),
  ),
});
const acl = z.strictObject({
  kind: z.literal("acl"),
  ...common,
  workspace,
  objects: z.array(
    z.strictObject({
      type: z.enum(aclObjectTypes),
      id: text,
      accessControls: z.array(
        z.strictObject({ principal: z.enum(["group", "service-principal"]), name: text, level: text }),
      ),
    }),
  ),
});

const stackSpec: z.ZodType<StackSpec> = z.discriminatedUnion("kind", [
  platform,
  workspaceStack,
  runtimes,
  network,
  firewall,
  job,
  access,
  acl,
]);

/** That what a person gave as a spec isn't one. The message names each field, its fault and the next step. */
export class SpecFormatError extends Error {
  override readonly name = "SpecFormatError";
}

/**
 * Parses a StackSpec.
 *
 * @param json JSON text of a StackSpec; undefined: nothing was given
 * @param source what the text was called where the person gave it, e.g. `rowgate:spec`
 * @throws SpecFormatError naming field, fault and next step
 */
export function parseSpec(json: string | undefined, source: string): StackSpec {
  if (json === undefined) throw new SpecFormatError(`${source} is not set. ${nextStep(source)}`);
  const parsed = stackSpec.safeParse(parseJson(json, source));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? source : `${source}.${path.join(".")}`}: ${message}.`,
  );
  throw new SpecFormatError(`${faults.join(" ")} ${nextStep(source)}`);
}

function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SpecFormatError(`${source} is not valid JSON. ${nextStep(source)}`, { cause });
  }
}

const nextStep = (source: string): string =>
  `Set ${source} to a whole StackSpec (metadata-schema/desired-state.ts), e.g. pulumi config set ${source} "$(cat spec.json)".`;
