/** Everything that must hold once a home has come to rest, looked at from outside of the service. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { TestService } from "../support/service.ts";
import { compareClouds, objectKey } from "./compare-clouds.ts";
import { leftInTemporary, readCheckpoints, systemTemporary } from "./home-files.ts";
import { processesOf } from "./victims.ts";

export interface Before {
  readonly seeded: ReadonlySet<string>;
  readonly temporary: ReadonlySet<string>;
}

export interface Breach {
  readonly kind:
    | "lock"
    | "pending"
    | "lease"
    | "stray"
    | "temporary"
    | "duplicate"
    | "orphan"
    | "missing"
    | "differs";
  readonly what: string;
}

/** To be asked before the first run: what is there now is nobody's doing. */
export async function lookBefore(service: TestService): Promise<Before> {
  const objects = await service.objects();
  return { seeded: new Set(objects.map(objectKey)), temporary: await systemTemporary() };
}

// The last process of a run ends a moment after the run is settled.
const graceMs = 5_000;

export async function inspect(service: TestService, before: Before): Promise<readonly Breach[]> {
  const end = performance.now() + graceMs;
  for (;;) {
    const breaches = await look(service, before);
    if (breaches.length === 0 || performance.now() > end) return breaches;
    await sleep(500);
  }
}

async function look(service: TestService, before: Before): Promise<readonly Breach[]> {
  const { home } = service;
  const checkpoints = await readCheckpoints(home);
  const specs = desiredSpecs(service);
  const { children, engines, clouds } = processesOf(home);
  const strayChildren = children.filter(({ parent }) => parent !== service.pid);
  const temporary = [
    ...(await leftInTemporary(
      home,
      children.map(({ pid }) => pid),
    )),
    ...[...(await systemTemporary())].filter((name) => !before.temporary.has(name)),
  ];
  const leases = service.sql("SELECT stack, lease_run_id FROM Stacks WHERE lease_run_id IS NOT NULL");
  const as = (kind: Breach["kind"], whats: readonly string[]): readonly Breach[] =>
    whats.map((what) => ({ kind, what }));
  return [
    ...as("lock", await service.locks()),
    ...as(
      "pending",
      checkpoints.flatMap(({ stack, pending }) => pending.map((each) => `${stack}: ${each}`)),
    ),
    ...as(
      "lease",
      leases.map(({ stack, lease_run_id }) => `${stack} by run ${lease_run_id}`),
    ),
    ...as(
      "stray",
      strayChildren.map(({ pid }) => `child ${pid}`),
    ),
    ...as(
      "stray",
      engines.map(({ pid, stack }) => `engine ${pid} of ${stack}`),
    ),
    ...as(
      "stray",
      clouds.slice(1).map((pid) => `simulated clouds ${pid}`),
    ),
    ...as("temporary", temporary),
    ...compareClouds({ objects: await service.objects(), seeded: before.seeded, checkpoints, specs }),
    ...specsAgainstRows(service, specs),
  ];
}

const desiredSpecs = (service: TestService): readonly StackSpec[] =>
  service
    .sql("SELECT desired_spec FROM Stacks WHERE desired_spec IS NOT NULL")
    .map(({ desired_spec }) => JSON.parse(String(desired_spec)));

/** The specs are the service's own reading of the rows: plain questions to the rows keep it honest. */
function specsAgainstRows(service: TestService, specs: readonly StackSpec[]): readonly Breach[] {
  const jobs = service.sql("SELECT job_id FROM Jobs").map(({ job_id }) => `job ${job_id}`);
  const readers = service
    .sql(
      `SELECT DISTINCT p.entra_id_group AS who, COALESCE(p.model, j.model, 'ml.models.job_' || j.job_id) AS model
       FROM Access_Policies p JOIN Jobs j USING (job_id) WHERE p.permissions LIKE '%"read_model"%'`,
    )
    .map(({ who, model }) => `${who} reads ${model}`);
  const runners = service
    .sql(
      `SELECT DISTINCT entra_id_group AS who, job_id FROM Access_Policies
       WHERE permissions LIKE '%"execute_inference"%'`,
    )
    .map(({ who, job_id }) => `${who} runs job ${job_id}`);
  const asked = new Set([...jobs, ...readers, ...runners]);
  const specified = new Set(specs.flatMap(claimsOf));
  return [
    ...[...asked]
      .filter((each) => !specified.has(each))
      .map((each) => missing(`${each}: in rows, in no spec`)),
    ...[...specified]
      .filter((each) => !asked.has(each))
      .map((each) => orphan(`${each}: in a spec, in no row`)),
  ];
}
/** What the rows of these proofs can ask for, read from a spec. */
function claimsOf(spec: StackSpec): readonly string[] {
  switch (spec.kind) {
    case "job":
      return [`job ${spec.jobId}`];
    case "access":
      return spec.unityGrants
        .filter(({ securable, privileges }) => securable === "model" && privileges.includes("EXECUTE"))
        .map(({ name }) => `${spec.principal.displayName} reads ${name}`);
    case "acl":
      return spec.objects
        .filter(({ type }) => type === "job" || type === "serving-endpoint")
        .flatMap(({ accessControls }) => accessControls.filter(({ principal }) => principal === "group"))
        .map(({ name }) => `${name} runs job ${spec.stack.split("-").at(-1)}`);
    default:
      return [];
  }
}

const missing = (what: string): Breach => ({ kind: "missing", what });
const orphan = (what: string): Breach => ({ kind: "orphan", what });
