/** Environments and Integration_Runtimes rows → entries of the platform stack and the stack of runtimes. */
import type { PlatformPart } from "../../metadata-schema/contributions.ts";
import type { EnvironmentFacts, IntegrationRuntimeSpec } from "../../metadata-schema/desired-state.ts";
import {
  type EnvironmentRow,
  type IntegrationRuntimeRow,
  type RowRef,
  rowName,
} from "../../metadata-schema/rows.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import { planAddresses } from "../../program/layout/address-plan.ts";
import {
  factsFor,
  fitsExisting,
  isExistingResource,
  shapeOfExisting,
} from "../../program/layout/existing-resources.ts";
import {
  managedRuntimeName,
  platformStack,
  runtimesStack,
  workspaceStack,
} from "../../program/layout/names.ts";
import { piecesOfExisting } from "../../program/policies/from-existing.ts";
import type { Piece } from "../../program/policies/pieces.ts";
import { environmentFacts, workspaceFacts } from "./environment.ts";
import { blockedBy, Guard, refusedTexts } from "./guard.ts";
import type { Answers } from "./names-needed.ts";
import {
  asksForAll,
  blocked,
  good,
  type PlacedEntry,
  type Refusal,
  type RowOutcome,
  refused,
  type Target,
  waiting,
} from "./outcome.ts";

const ask = "platform";

export function resolveEnvironmentRow(
  environment: EnvironmentRow,
  answers: Answers,
  outputs: Readonly<Record<string, OutputValues>>,
): RowOutcome {
  const row: RowRef = { table: "Environments", key: environment.name };
  const members = memberIds(environment, row, answers);
  const refusal = refusedEnvironment(environment, answers) ?? ("type" in members ? members : null);
  if (refusal !== null || "type" in members) return refused(row, refusal ?? (members as Refusal), asksForAll);
  const platform: PlatformPart = {
    addressSpace: environment.address_space,
    ownGroup:
      environment.own_group === null
        ? null
        : { displayName: environment.own_group, memberObjectIds: members.ids.toSorted() },
    serviceUrl: environment.service_url?.replace(/\/+$/, "") ?? null,
    alertEmails: environment.alert_emails.toSorted(),
    production: environment.production,
    deletionProtection: environment.deletion_protection,
  };
  const facts = environmentFacts(environment);
  const target = {
    stack: platformStack(facts.name),
    kind: "platform",
    base: { kind: "platform", environment: factsFor("platform", facts) },
    references: [],
  } as const;
  const own: PlacedEntry = { target, entry: { row, ask, item: { kind: "platform", platform } } };
  return good(row, [own, ...insideWorkspace(row, facts, outputs)]);
}

/** What the environment has inside its workspace, once there is one and a factory to let in. */
function insideWorkspace(
  row: RowRef,
  facts: EnvironmentFacts,
  outputs: Readonly<Record<string, OutputValues>>,
): readonly PlacedEntry[] {
  const workspace = workspaceFacts(facts, outputs);
  const stack = platformStack(facts.name);
  const factoryClientId = outputs[stack]?.factory_client_id;
  const isKnown = workspace !== null && typeof factoryClientId === "string";
  const target: Target = {
    stack: workspaceStack(facts.name),
    kind: "workspace",
    base: isKnown ? { kind: "workspace", environment: factsFor("workspace", facts), workspace } : null,
    references: [
      { stack, output: "workspace_url" },
      { stack, output: "factory_client_id" },
    ],
  };
  return [
    {
      target,
      entry: {
        row,
        ask: "workspace",
        item: { kind: "workspace", factoryClientId: isKnown ? factoryClientId : "" },
      },
    },
  ];
}

export const runtimeAsk = ({ name }: IntegrationRuntimeRow): string => `runtime|${name}`;

export function resolveRuntime(
  runtime: IntegrationRuntimeRow,
  environment: EnvironmentRow,
  answers: Answers,
  outputs: Readonly<Record<string, OutputValues>>,
): RowOutcome {
  const row: RowRef = { table: "Integration_Runtimes", key: runtime.name };
  const own = runtimeAsk(runtime);
  const refusal =
    refusedTexts(row, runtime, guardOfShared()) ??
    refusedRuntime(runtime, row) ??
    refusedEnvironment(environment, answers);
  if (refusal !== null) return refused(row, refusal, (entry) => entry.ask === own);
  const facts = factsFor("runtimes", environmentFacts(environment));
  const spec: IntegrationRuntimeSpec = {
    name: runtime.name,
    type: runtime.kind === "managed" ? "managed" : "self-hosted",
    description: runtime.description,
    coreCount: runtime.core_count ?? defaultCores,
    timeToLiveMinutes: runtime.time_to_live_minutes,
  };
  // The factory is the platform's.
  const isReady = outputs[platformStack(facts.name)]?.factory_id !== undefined;
  const target = {
    stack: runtimesStack(facts.name),
    kind: "runtimes",
    base: isReady ? ({ kind: "runtimes", environment: facts } as const) : null,
    references: [{ stack: platformStack(facts.name), output: "factory_id" }],
  } as const;
  return good(row, [{ target, entry: { row, ask: own, item: { kind: "runtime", runtime: spec } } }]);
}

/** As columns-of-shared-rows.ts says. */
const defaultCores = 8;
/** Core counts of data flows that Data Factory offers ("Integration runtime performance"). */
const coreCounts: readonly number[] = [8, 16, 32, 48, 80, 144, 272];

function refusedRuntime(runtime: IntegrationRuntimeRow, row: RowRef): Refusal | null {
  const refuse = (reason: string, text: string): Refusal => blocked(reason, `${rowName(row)}, ${text}`);
  if (!/^[A-Za-z0-9](?:-?[A-Za-z0-9])*$/.test(runtime.name) || runtime.name.length < 3) {
    const rule = 'a name has 3 to 63 letters, digits and single "-" between them';
    return refuse("InvalidRuntimeName", `name: "${runtime.name}" can't name a runtime: ${rule}.`);
  }
  if (runtime.name.toLowerCase() === managedRuntimeName)
    return refuse(
      "RuntimeNameTaken",
      `name: "${runtime.name}" is the factory's own runtime. Choose another name.`,
    );
  if (runtime.kind !== "managed" && runtime.kind !== "self-hosted")
    return refuse("UnknownRuntimeKind", `kind: "${runtime.kind}" is unknown. Write managed or self-hosted.`);
  const cores = runtime.core_count ?? defaultCores;
  if (runtime.kind === "managed" && !coreCounts.includes(cores))
    return refuse(
      "InvalidCoreCount",
      `core_count: ${cores} cores are not offered. Write one of: ${coreCounts.join(", ")}.`,
    );
  return null;
}

/** Why nothing may be built from this row now; null: it is good. Its own group's members are not looked at. */
export function refusedEnvironment(environment: EnvironmentRow, answers: Answers): Refusal | null {
  const row: RowRef = { table: "Environments", key: environment.name };
  const guard = guardOfShared();
  const tainted = refusedTexts(row, environment, guard);
  if (tainted !== null) return tainted;
  const addresses = planAddresses(environment.address_space);
  if (addresses.status === "refused") {
    return blocked("InvalidAddressSpace", `${rowName(row)}, address_space: ${addresses.reason}.`);
  }
  const { name, service_address: range, production, deletion_protection: deletionProtection } = environment;
  const address: Piece = { kind: "firewall-range", range, publicOnly: false };
  const itself: Piece = { kind: "environment", name, production, deletionProtection };
  return (
    blockedBy(row, "service_address", guard.judge([address]).verdicts.slice(0, 1)) ??
    blockedBy(row, "deletion_protection", guard.judge([itself]).verdicts) ??
    refusedAddresses(environment, row) ??
    refusedExisting(environment, row, { answers, guard })
  );
}

/** Exceptions are rows of jobs: nothing that jobs share has any. */
const guardOfShared = (): Guard => new Guard([], 0);

/** Where the service and people are told. */
function refusedAddresses(environment: EnvironmentRow, row: RowRef): Refusal | null {
  const { service_url: url, alert_emails: emails, databricks_account_id: account } = environment;
  if (url !== null && !/^https:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/.test(url)) {
    const message = `service_url: "${url}" is not an https address. Write it like https://rowgate.contoso.com.`;
    return blocked("InvalidServiceUrl", `${rowName(row)}, ${message}`);
  }
  const bad = emails.find((address) => !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address));
  if (bad !== undefined)
    return blocked("InvalidAddress", `${rowName(row)}, alert_emails: "${bad}" is not an e-mail address.`);
  if (account === null || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(account)) return null;
  const message = `databricks_account_id: "${account}" is not a GUID. Copy it from the Databricks account console.`;
  return blocked("InvalidAccountId", `${rowName(row)}, ${message}`);
}

/** What the environment takes over must be named right, fit together, and be there. */
function refusedExisting(
  environment: EnvironmentRow,
  row: RowRef,
  known: { readonly answers: Answers; readonly guard: Guard },
): Refusal | null {
  for (const [name, id] of Object.entries(environment.existing_resources)) {
    const where = `${rowName(row)}, existing_resources.${name}: `;
    if (!isExistingResource(name) || name === "key_vault") {
      const next =
        name === "key_vault" ? "Write it in key_vault_id." : "See the page of the tables for the words.";
      return blocked(
        "UnknownResource",
        `${where}it is not a resource that an environment takes over. ${next}`,
      );
    }
    if (!fitsExisting(name, id))
      return blocked(
        "InvalidResourceId",
        `${where}"${id}" is not its ARM id. Write ${shapeOfExisting(name)}.`,
      );
  }
  const { existing } = environmentFacts(environment);
  const network = existing.virtual_network?.toLowerCase();
  const subnets = [
    "private_endpoint_subnet",
    "databricks_host_subnet",
    "databricks_container_subnet",
  ] as const;
  const stray = subnets.find((name) => {
    const id = existing[name]?.toLowerCase();
    return id !== undefined && (network === undefined || !id.startsWith(`${network}/`));
  });
  if (stray !== undefined) {
    const message = `existing_resources.${stray}: it is not in existing_resources.virtual_network. Name the network that it is in.`;
    return blocked("SubnetOfOtherNetwork", `${rowName(row)}, ${message}`);
  }
  return refusedAsItIs(existing, row, known);
}

/** What is taken over must be there, and closed as what we make ourselves. */
function refusedAsItIs(
  existing: EnvironmentFacts["existing"],
  row: RowRef,
  { answers, guard }: { readonly answers: Answers; readonly guard: Guard },
): Refusal | null {
  for (const [name, id] of Object.entries(existing)) {
    const answer = answers.of({ kind: "resource", name: id });
    const field = name === "key_vault" ? "key_vault_id" : `existing_resources.${name}`;
    if (answer.status === "found") {
      // Nobody looked at it: rows are judged before they are written.
      if (answer.body === undefined || !isExistingResource(name)) continue;
      const refusal = blockedBy(row, field, guard.judge(piecesOfExisting(name, id, answer.body)).verdicts);
      if (refusal !== null) return refusal;
      continue;
    }
    const what = name === "key_vault" ? "vault" : "resource";
    const where = `${rowName(row)}, ${field}: `;
    return answer.status === "unavailable"
      ? waiting("DirectoryUnavailable", `${where}the ${what} could not be looked up: ${answer.message}.`)
      : waiting(
          name === "key_vault" ? "VaultNotFound" : "ResourceNotFound",
          `${where}no ${what} has this id. Create it or mend the id; it is looked up again.`,
        );
  }
  return null;
}

function memberIds(environment: EnvironmentRow, row: RowRef, answers: Answers): { ids: string[] } | Refusal {
  if (environment.own_group === null) return { ids: [] };
  const ids: string[] = [];
  for (const name of environment.own_group_members) {
    const answer = answers.of({ kind: "user", name });
    if (answer.status === "found") ids.push(answer.objectId);
    else {
      return waiting(
        "UserNotFound",
        `${rowName(row)}, own_group_members: "${name}" is not one person in the directory (${answer.status}). Mend the name; it is looked up again.`,
      );
    }
  }
  return { ids };
}
