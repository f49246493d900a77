/** From a StackSpec to the program that the engine runs. Knows a spec; knows no database, HTTP, queue or clock. */
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import { all, type Output, output, type Resource, RunError, runtime } from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as runtimeState from "@pulumi/pulumi/runtime/state.js";
import type {
  AccessSpec,
  AclSpec,
  FirewallSpec,
  JobSpec,
  NetworkService,
  NetworkSpec,
  PlatformSpec,
  StackSpec,
} from "../metadata-schema/desired-state.ts";
import { DatabricksJob } from "./components/databricks-job.ts";
import { IpAccess } from "./components/ip-access.ts";
import { keyVault } from "./components/key-vault.ts";
import { mlWorkspace } from "./components/ml-workspace.ts";
import { objectPermissions } from "./components/object-permissions.ts";
import { ownGroup } from "./components/own-group.ts";
import { PrivateLink } from "./components/private-link.ts";
import { PrivateNetwork } from "./components/private-network.ts";
import { azureProvider, databricksProvider, entraProvider } from "./components/providers.ts";
import { roleGrant } from "./components/role-grant.ts";
import { ServiceZone } from "./components/service-zone.ts";
import { environmentTags } from "./components/tags.ts";
import { unityGrant } from "./components/unity-grant.ts";
import { WorkloadIdentity } from "./components/workload-identity.ts";
import { planAddresses } from "./layout/address-plan.ts";
import {
  roleAssignmentName,
  secretUri,
  subnetId,
  vaultNameOfId,
  vaultUri,
  virtualNetworkId,
} from "./layout/names.ts";
import type { PromisedOutputs } from "./outputs.ts";
import { piecesOfResource } from "./policies/from-resource.ts";
import { piecesOfSpec } from "./policies/from-spec.ts";
import { judge } from "./policies/judge.ts";
import type { Piece } from "./policies/pieces.ts";

/**
 * The program of one stack.
 *
 * @param spec all that the stack must contain
 * @returns a program that registers it and returns the outputs of its kind (outputs.ts). It throws a RunError
 *   naming thing, guardrail and next step if the spec or a resource breaks a guardrail, or if the network can't
 *   be cut into subnets.
 */
export const stackProgram =
  (spec: StackSpec): PulumiFn =>
  async () => {
    refuseBroken(`Stack ${spec.stack}`, piecesOfSpec(spec));
    // The older, in-process kind of transformation: it throws before the resource's call leaves, and needs no
    // callback from the engine for each resource.
    const resources: Resource[] = [];
    runtime.registerStackTransformation(({ resource, type, name, props }) => {
      refuseBroken(`Stack ${spec.stack}, resource ${name} (${type})`, piecesOfResource(type, props));
      resources.push(resource);
      return undefined;
    });
    const outputs = { ...registerStack(spec) };
    await registered(spec.stack, resources);
    return outputs;
  };

/**
 * Resolves once the engine has taken every resource. A broken connection ends a registration without an error, and an
 * engine deletes what a program that ends has not registered: such a program must not end well.
 */
async function registered(stack: string, resources: readonly Resource[]): Promise<void> {
  // Without a connection the SDK makes up its answers, as for a test of the program.
  if (runtime.getMonitor() === undefined) throw unregistered(stack);
  const store = storeOfRun();
  let settled = false;
  const all = Promise.allSettled(resources.map(({ urn }) => promiseOf(urn))).then((ends) => {
    settled = true;
    return ends.every(({ status }) => status === "fulfilled");
  });
  // The SDK leaves a name without an answer where it takes the engine for gone, and only notes that it does.
  const gone = async (): Promise<boolean> => {
    while (!settled && !store.terminated) await new Promise((resolve) => setTimeout(resolve, lookMs));
    return settled ? all : false;
  };
  if (!(await Promise.race([all, gone()]))) throw unregistered(stack);
}

const unregistered = (stack: string): RunError =>
  new RunError(`The program ended before it had registered every object of stack ${stack}.`);

const lookMs = 50;

// The SDK's own memory of this run, which it leaves out of its declarations.
const storeOfRun = (): { readonly terminated: boolean } =>
  (runtimeState as unknown as { getStore(): { terminated: boolean } }).getStore();

/** Outputs keep their promise out of their declarations; nothing else tells that one failed. */
const promiseOf = <T>(value: Output<T>): Promise<T> =>
  (value as unknown as { promise(): Promise<T> }).promise();

function registerStack(spec: StackSpec): object {
  switch (spec.kind) {
    case "platform":
      return platform(spec);
    case "network":
      return network(spec);
    case "firewall":
      return firewall(spec);
    case "job":
      return job(spec);
    case "access":
      return access(spec);
    case "acl":
      return acl(spec);
    default:
      return spec satisfies never;
  }
}

function refuseBroken(thing: string, pieces: readonly Piece[]): void {
  const verdicts = pieces.flatMap(judge);
  if (verdicts.length === 0) return;
  const faults = verdicts.map(({ guardrail, message, fix }) => `guardrail ${guardrail}: ${message} ${fix}`);
  throw new RunError(`${thing} is refused by ${faults.join(" And by ")}`);
}

function platform(spec: PlatformSpec): PromisedOutputs<"platform"> {
  const { environment, vault } = spec;
  const plan = planAddresses(spec.addressSpace);
  if (plan.status === "refused") throw new RunError(`Stack ${spec.stack}, address space: ${plan.reason}`);
  const azure = azureProvider(environment);
  const group = new ResourceGroup(
    "resource-group",
    {
      resourceGroupName: environment.resourceGroup,
      location: environment.location,
      tags: environmentTags(environment),
    },
    { provider: azure },
  );
  const inGroup = { provider: azure, dependsOn: [group] };
  const net = new PrivateNetwork(
    "network",
    { environment, addressSpace: spec.addressSpace, subnets: plan.subnets },
    { providers: [azure], dependsOn: [group] },
  );
  const zone = (service: NetworkService) =>
    new ServiceZone(service, { environment, service }, { providers: [azure], dependsOn: [net] }).zoneId;
  const workspace = mlWorkspace(environment, { provider: azure, dependsOn: [net] });
  const entra =
    spec.ownGroup === null ? null : ownGroup(spec.ownGroup, { provider: entraProvider(environment) });
  return {
    resource_group: environment.resourceGroup,
    virtual_network_id: virtualNetworkId(environment),
    private_endpoint_subnet_id: subnetId(environment, "private-endpoints"),
    workspace_resource_id: workspace.id,
    workspace_id: workspace.workspaceId,
    workspace_url: workspace.workspaceUrl,
    key_vault_id: vault.mode === "own" ? keyVault(environment, vault.name, inGroup).id : vault.id,
    key_vault_uri: vaultUri(vault.mode === "own" ? vault.name : vaultNameOfId(vault.id)),
    private_dns_zone_ids: output({ databricks: zone("databricks"), keyvault: zone("keyvault") }),
    own_group_object_id: entra === null ? null : entra.objectId,
  };
}

function network(spec: NetworkSpec): PromisedOutputs<"network"> {
  const { environment, service } = spec;
  const providers = [azureProvider(environment)];
  const facts: Record<string, PrivateLink["facts"]> = {};
  let last: PrivateLink | null = null;
  for (const endpoint of spec.endpoints) {
    // A workspace refuses a second endpoint while it is busy with one (state Updating): one after the other.
    const dependsOn: PrivateLink[] = service === "databricks" && last !== null ? [last] : [];
    last = new PrivateLink(endpoint.name, { environment, service, endpoint }, { providers, dependsOn });
    facts[endpoint.name] = last.facts;
  }
  return { private_endpoints: all(facts) };
}

function firewall(spec: FirewallSpec): PromisedOutputs<"firewall"> {
  const providers = [databricksProvider(spec.environment, spec.workspace)];
  const rules = new IpAccess("ip-access", spec, { providers });
  return { ip_access_list_id: rules.listId, allowed_ranges: rules.ranges };
}

function job(spec: JobSpec): PromisedOutputs<"job"> {
  const databricks = databricksProvider(spec.environment, spec.workspace);
  const who = new WorkloadIdentity("workload-identity", spec, {
    providers: [azureProvider(spec.environment), databricks],
  });
  const runAs = who.servicePrincipal.applicationId;
  const work = new DatabricksJob("databricks-job", { spec, runAs }, { providers: [databricks] });
  return {
    job_id: spec.jobId,
    environment: spec.environment.name,
    databricks_job_id: work.job.id,
    databricks_job_url: work.job.id.apply((id) => `https://${spec.workspace.host}/jobs/${id}`),
    cluster_policy_id: work.policy.id,
    identity_client_id: who.identity.clientId,
    identity_principal_id: who.identity.principalId,
    service_principal_id: who.servicePrincipal.id,
    model_full_name: spec.model,
    secret_uris: spec.secrets.map(({ vaultUri, secretName }) => secretUri(vaultUri, secretName)),
  };
}

function access(spec: AccessSpec): PromisedOutputs<"access"> {
  const { environment, principal } = spec;
  // Only what is used: a provider that is made is also asked for credentials.
  const inAzure = spec.roleAssignments.length === 0 ? {} : { provider: azureProvider(environment) };
  const inDatabricks =
    spec.unityGrants.length === 0 ? {} : { provider: databricksProvider(environment, spec.workspace) };
  const principalId = principal.objectId;
  const assignments = spec.roleAssignments.map(({ scope, roleId }) =>
    roleGrant(
      roleAssignmentName(scope, principalId, roleId),
      {
        subscriptionId: environment.subscriptionId,
        scope,
        roleId,
        principalId,
        principalType: principal.type,
      },
      inAzure,
    ),
  );
  const grants = spec.unityGrants.map((grant) => unityGrant(grant, principal.displayName, inDatabricks));
  return {
    role_assignment_ids: all(assignments.map(({ id }) => id)),
    unity_grant_ids: all(grants.map(({ id }) => id)),
  };
}

function acl(spec: AclSpec): PromisedOutputs<"acl"> {
  // Databricks takes no empty list: with nobody on it, the object keeps its owner and the admins.
  if (spec.accessControls.length > 0) {
    objectPermissions(spec, { provider: databricksProvider(spec.environment, spec.workspace) });
  }
  return {
    object_id: spec.object.id,
    access_controls: spec.accessControls.map(({ groupName, level }) => ({ group_name: groupName, level })),
  };
}
