/** Reads a StackSpec that a person wrote. The service makes its own and never comes through here. */
import { z } from "zod";
import { networkServices, type StackSpec } from "../metadata-schema/desired-state.ts";

const text = z.string().min(1);
const environment = z.strictObject({
  name: z.string().regex(/^[a-z0-9]{2,12}$/, "must be 2 to 12 lower-case letters and digits"),
  location: text,
  subscriptionId: z.guid(),
  tenantId: z.guid(),
  resourceGroup: text,
});
const workspace = z.strictObject({
  host: z.hostname("must be a host name without a scheme"),
  resourceId: text,
});
const common = { stack: text, environment };

const platform = z.strictObject({
  kind: z.literal("platform"),
  ...common,
  addressSpace: text,
  vault: z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("own"), name: text }),
    z.strictObject({ mode: z.literal("referenced"), id: text }),
  ]),
  ownGroup: z.strictObject({ displayName: text, memberObjectIds: z.array(z.guid()) }).nullable(),
});
const network = z.strictObject({
  kind: z.literal("network"),
  ...common,
  service: z.enum(networkServices),
  endpoints: z.array(z.strictObject({ name: text, targetId: text, groupId: text })),
});
const firewall = z.strictObject({
  kind: z.literal("firewall"),
  ...common,
  service: z.literal("databricks"),
  workspace,
  serviceAddress: text,
  ranges: z.array(text),
});
const job = z.strictObject({
  kind: z.literal("job"),
  ...common,
  workspace,
  jobId: z.int(),
  name: text,
  enabled: z.boolean(),
  urgent: z.boolean(),
  owner: text.nullable(),
  schedule: z.strictObject({ cron: text, timeZone: text }).nullable(),
  taskPath: text,
  model: text,
  cluster: z.strictObject({
    nodeType: text,
    sparkVersion: text,
    minWorkers: z.int().min(0),
    maxWorkers: z.int().min(1),
  }),
  secrets: z.array(z.strictObject({ vaultId: text, vaultUri: text, secretName: text })),
});
const access = z.strictObject({
  kind: z.literal("access"),
  ...common,
  workspace,
  principal: z.strictObject({ type: z.literal("Group"), objectId: z.guid(), displayName: text }),
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
  object: z.strictObject({ type: z.enum(["job", "cluster-policy"]), id: text }),
  accessControls: z.array(z.strictObject({ groupName: text, level: text })),
});

const stackSpec: z.ZodType<StackSpec> = z.discriminatedUnion("kind", [
  platform,
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
