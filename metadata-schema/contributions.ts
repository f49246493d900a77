/**
 * Contributions: what one subject's rows put into one stack.
 *
 * A contribution is a list of entries. Each entry is one thing that one row asks for, with the words of
 * that row that ask for it (`ask`), so that a Blocked or Waiting row can keep what it last had admitted,
 * less what it plainly no longer asks for.
 */
import type {
  AccessControlSpec,
  AclObjectType,
  AlertSpec,
  ClusterSpec,
  EnvironmentFacts,
  GuardrailException,
  IntegrationRuntimeSpec,
  JobSpec,
  NetworkService,
  PipelineSpec,
  PlatformSpec,
  PrincipalSpec,
  PrivateEndpointSpec,
  RoleAssignmentSpec,
  SecretSpec,
  StackKind,
  UnityGrantSpec,
  WorkspaceFacts,
} from "./desired-state.ts";
import type { RowRef } from "./rows.ts";

/** Who contributes: a job, or an environment to its own platform stack. */
export type Subject =
  | { readonly kind: "job"; readonly jobId: number }
  | { readonly kind: "environment"; readonly name: string };

/** One text for a subject, as stored: `job:201`, `environment:eastus`. */
export const subjectKey = (subject: Subject): string =>
  subject.kind === "job" ? `job:${subject.jobId}` : `environment:${subject.name}`;

/** The reverse of subjectKey. Throws a RangeError on any other text. */
export function parseSubjectKey(key: string): Subject {
  const jobId = /^job:(-?\d+)$/.exec(key)?.[1];
  if (jobId !== undefined) return { kind: "job", jobId: Number(jobId) };
  const name = /^environment:(.+)$/.exec(key)?.[1];
  if (name !== undefined) return { kind: "environment", name };
  throw new RangeError(`"${key}" is not the key of a subject`);
}

/** The part of JobSpec that comes from the Jobs row and what it names. */
export type JobPart = Pick<
  JobSpec,
  | "jobId"
  | "name"
  | "enabled"
  | "urgent"
  | "owner"
  | "schedule"
  | "taskPath"
  | "model"
  | "ownsModel"
  | "catalog"
  | "schema"
  | "online"
  | "serving"
  | "federation"
  | "accountId"
  | "connectorPrincipalId"
  | "metrics"
>;
export type PlatformPart = Pick<
  PlatformSpec,
  "addressSpace" | "ownGroup" | "serviceUrl" | "alertEmails" | "production" | "deletionProtection"
>;

export type EntryItem =
  | { readonly kind: "platform"; readonly platform: PlatformPart }
  | { readonly kind: "workspace"; readonly factoryClientId: string }
  | { readonly kind: "runtime"; readonly runtime: IntegrationRuntimeSpec }
  | { readonly kind: "endpoint"; readonly endpoint: PrivateEndpointSpec }
  | { readonly kind: "range"; readonly range: string }
  | { readonly kind: "job"; readonly job: JobPart }
  | { readonly kind: "cluster"; readonly cluster: ClusterSpec }
  | { readonly kind: "secret"; readonly secret: SecretSpec }
  | { readonly kind: "pipeline"; readonly pipeline: PipelineSpec }
  /** `driftWarehouseId`: of an alert on drift, else null */
  | { readonly kind: "alert"; readonly alert: AlertSpec; readonly driftWarehouseId: string | null }
  | { readonly kind: "workspace-member" }
  | { readonly kind: "role-assignment"; readonly roleAssignment: RoleAssignmentSpec }
  | { readonly kind: "unity-grant"; readonly unityGrant: UnityGrantSpec }
  | {
      readonly kind: "access-control";
      readonly objectType: AclObjectType;
      readonly accessControl: AccessControlSpec;
    }
  /** lets in the entries of the same row and ask that break the guardrail; goes with them */
  | { readonly kind: "exception"; readonly exception: GuardrailException };

export interface Entry {
  readonly row: RowRef;
  /** the words of the row that ask for this entry; equal words, same wish */
  readonly ask: string;
  readonly item: EntryItem;
}

/** What a stack's contributions agree on: the spec without the entries. */
export type StackBase =
  | { readonly kind: "platform" | "runtimes"; readonly environment: EnvironmentFacts }
  | { readonly kind: "network"; readonly environment: EnvironmentFacts; readonly service: NetworkService }
  | {
      readonly kind: "firewall";
      readonly environment: EnvironmentFacts;
      readonly service: "databricks";
      readonly workspace: WorkspaceFacts;
      readonly serviceAddress: string;
    }
  | { readonly kind: "firewall"; readonly environment: EnvironmentFacts; readonly service: "sql" }
  | { readonly kind: "workspace"; readonly environment: EnvironmentFacts; readonly workspace: WorkspaceFacts }
  | { readonly kind: "job"; readonly environment: EnvironmentFacts; readonly workspace: WorkspaceFacts }
  | {
      readonly kind: "access";
      readonly environment: EnvironmentFacts;
      readonly workspace: WorkspaceFacts;
      readonly production?: true;
      readonly principal: PrincipalSpec;
    }
  | {
      readonly kind: "acl";
      readonly environment: EnvironmentFacts;
      readonly workspace: WorkspaceFacts;
      /** Databricks' ids of the objects that exist */
      readonly objectIds: Readonly<Partial<Record<AclObjectType, string>>>;
    };

/** An output of another stack whose value was put into a contribution, or that it waits for. */
export interface OutputReference {
  readonly stack: string;
  readonly output: string;
}

export interface Contribution {
  readonly stack: string;
  readonly kind: StackKind;
  /** name of the environment */
  readonly environment: string;
  /** null only while `admitted` is empty: a reference that the base needs has no value yet */
  readonly base: StackBase | null;
  /** what the rows ask for now; for people and for "why" */
  readonly wanted: readonly Entry[];
  /** what counts: specs merge this */
  readonly admitted: readonly Entry[];
  readonly references: readonly OutputReference[];
  /** true: this subject's stacks run in the urgent lane */
  readonly urgent: boolean;
}
