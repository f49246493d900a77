/** That every guardrail is called where what it is about can occur: on specs, on resources, and on whole stacks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CustomResource, output, type ResourceTransformation, secret } from "@pulumi/pulumi";
import { judgedOnRowsOnly } from "../../../automation/guardrails-page.ts";
import type { StackSpec } from "../../../metadata-schema/desired-state.ts";
import { ProgramJudge } from "../../../program/judge-program.ts";
import { customRoleId, factoryId, resourceGroupId, vaultId } from "../../../program/layout/names.ts";
import { guardrails } from "../../../program/policies/judge.ts";
import { fullJobSpec, pipelineSpec, sqlSource } from "../support/job-specs.ts";
import { mockRun } from "../support/mock-run.ts";
import * as specs from "../support/specs.ts";

const { accessSpec, aclSpec, environment, firewallSpec, jobSpec, networkSpec, platformSpec } = specs;
const [assignment = assert.fail()] = accessSpec.roleAssignments;
const [object = assert.fail()] = aclSpec.objects;
const [endpoint = assert.fail()] = networkSpec.endpoints;
const factory = factoryId(environment);
const withRole = (change: Partial<typeof assignment>): StackSpec => ({
  ...accessSpec,
  roleAssignments: [{ ...assignment, ...change }],
});
const withCluster = (change: Partial<typeof jobSpec.cluster>): StackSpec => ({
  ...jobSpec,
  cluster: { ...jobSpec.cluster, ...change },
});

/** A spec that breaks each guardrail that specs can break. */
const brokenSpecs: Readonly<Record<string, StackSpec>> = {
  "denied-azure-role": withRole({ roleId: specs.owner }),
  "assignment-scope": withRole({ scope: resourceGroupId(environment) }),
  "principal-type": { ...accessSpec, principal: { ...accessSpec.principal, type: "ServicePrincipal" } },
  "pipeline-write": withRole({ scope: factory, roleId: customRoleId("pipelineEditor", factory) }),
  "separate-duties": {
    ...accessSpec,
    production: true,
    roleAssignments: [
      { ...assignment, scope: factory, roleId: customRoleId("pipelineEditor", factory) },
      { ...assignment, scope: factory, roleId: customRoleId("pipelineOperator", factory) },
    ],
    exceptions: [{ guardrail: "pipeline-write", subject: "Pipeline Editor" }],
  },
  "range-form": { ...firewallSpec, ranges: ["anywhere"] },
  "range-width": { ...firewallSpec, ranges: ["203.0.0.0/16"] },
  "range-of-callers": { ...firewallSpec, ranges: ["0.0.0.0/32"] },
  "endpoint-zone": { ...networkSpec, endpoints: [{ ...endpoint, groupId: "vault" }] },
  "secret-text": { ...jobSpec, owner: `dapi${"0123456789abcdef".repeat(2)}` },
  "cluster-machine": withCluster({ nodeType: "Standard_M416ms_v2" }),
  "cluster-runtime": withCluster({ sparkVersion: "7.3.x-scala2.12" }),
  "cluster-workers": withCluster({ maxWorkers: 1000 }),
  "cluster-idle-time": withCluster({ autoTerminationMinutes: 0 }),
  "unity-privileges": {
    ...accessSpec,
    unityGrants: [{ securable: "catalog", name: "ml", privileges: ["ALL_PRIVILEGES"] }],
  },
  "management-level": {
    ...aclSpec,
    objects: [{ ...object, accessControls: [{ principal: "group", name: "ds_team", level: "CAN_MANAGE" }] }],
  },
  "deletion-protection": { ...platformSpec, deletionProtection: false },
  "source-address": {
    ...fullJobSpec,
    pipeline: { ...pipelineSpec, source: { ...sqlSource, type: "rest", host: "http://erp.contoso.example" } },
  },
};

type Planted = { readonly type: string; readonly props: Readonly<Record<string, unknown>> };
const roleDefinition = (id: string) =>
  `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const roleAssignment = (change: Readonly<Record<string, unknown>>): Planted => ({
  type: "azure-native:authorization:RoleAssignment",
  props: {
    scope: vaultId(environment),
    roleDefinitionId: roleDefinition(specs.keyVaultReader),
    principalType: "Group",
    principalId: specs.teamId,
    ...change,
  },
});
const allowList = (range: string): Planted => ({
  type: "databricks:index/ipAccessList:IpAccessList",
  props: { listType: "ALLOW", ipAddresses: [range] },
});
const cluster = (change: Readonly<Record<string, unknown>>): Planted => ({
  type: "databricks:index/cluster:Cluster",
  props: {
    clusterName: "planted",
    policyId: "p",
    nodeTypeId: "Standard_D4ds_v5",
    sparkVersion: "16.4.x-scala2.12",
    numWorkers: 2,
    autoterminationMinutes: 30,
    dataSecurityMode: "SINGLE_USER",
    enableLocalDiskEncryption: true,
    ...change,
  },
});
const bare = (type: string): Planted => ({ type, props: {} });

/** A resource that breaks each guardrail that one resource can break. */
const brokenResources: Readonly<Record<string, Planted>> = {
  "denied-azure-role": roleAssignment({ roleDefinitionId: roleDefinition(specs.owner) }),
  "assignment-scope": roleAssignment({ scope: resourceGroupId(environment) }),
  "principal-type": roleAssignment({ principalType: "User" }),
  "custom-role-actions": {
    type: "azure-native:authorization:RoleDefinition",
    props: { roleName: "x", permissions: [{ actions: ["*"] }] },
  },
  "pipeline-write": roleAssignment({
    scope: factory,
    roleDefinitionId: roleDefinition(customRoleId("pipelineEditor", factory)),
  }),
  "range-form": allowList("anywhere"),
  "range-width": allowList("203.0.0.0/16"),
  "range-of-callers": allowList("0.0.0.0"),
  "public-access": bare("azure-native:datafactory:Factory"),
  "firewall-default": bare("azure-native:keyvault:Vault"),
  transport: bare("azure-native:sql:Server"),
  "workspace-closed": bare("azure-native:databricks:Workspace"),
  "storage-access": bare("azure-native:storage:StorageAccount"),
  "vault-protection": bare("azure-native:keyvault:Vault"),
  "secret-resource": bare("databricks:index/token:Token"),
  "secret-text": { type: "x:index:Thing", props: { text: "Server=x;Password=hunter2" } },
  "sql-sign-in": bare("azure-native:sql:Server"),
  "cluster-policy": cluster({ policyId: undefined }),
  "cluster-machine": cluster({ nodeTypeId: "Standard_M416ms_v2" }),
  "cluster-runtime": cluster({ sparkVersion: "7.3.x-scala2.12" }),
  "cluster-workers": cluster({ numWorkers: 1000 }),
  "cluster-idle-time": cluster({ autoterminationMinutes: 0 }),
  "cluster-isolation": cluster({ dataSecurityMode: "NONE" }),
  "cluster-spot": cluster({ azureAttributes: { availability: "SPOT_AZURE" } }),
  "init-scripts": cluster({ initScripts: [{ dbfs: { destination: "dbfs:/x.sh" } }] }),
  "unity-privileges": {
    type: "databricks:index/grant:Grant",
    props: { catalog: "ml", principal: "x", privileges: ["SELECT"] },
  },
  "management-level": {
    type: "databricks:index/permissions:Permissions",
    props: { jobId: "1", accessControls: [{ groupName: "x", permissionLevel: "CAN_MANAGE" }] },
  },
  "subnet-closed": bare("azure-native:network:Subnet"),
  "linked-service": {
    type: "azure-native:datafactory:LinkedService",
    props: { properties: { type: "AzureBlobFS" } },
  },
  "web-activity": {
    type: "azure-native:datafactory:Pipeline",
    props: { activities: [{ name: "Call", type: "WebActivity", url: "https://evil.example/" }] },
  },
  "tags-present": bare("azure-native:network:NatGateway"),
};

class Planting extends CustomResource {
  constructor({ type, props }: Planted) {
    super(type, "planted", { ...props });
  }
}

const altering =
  (token: string, change: Readonly<Record<string, unknown>>): ResourceTransformation =>
  ({ type, props, opts }) =>
    type === token ? { props: { ...props, ...change }, opts } : undefined;

/** What is wrong with a whole stack when one of its resources is other than it should be. */
const brokenStacks: Readonly<Record<string, readonly [StackSpec, ResourceTransformation]>> = {
  "endpoint-zone": [
    networkSpec,
    altering("azure-native:network:PrivateDnsZoneGroup", { privateDnsZoneConfigs: [] }),
  ],
  "storage-soft-delete": [
    platformSpec,
    altering("azure-native:storage:BlobServiceProperties", { deleteRetentionPolicy: { enabled: false } }),
  ],
  "sql-auditing": [
    platformSpec,
    altering("azure-native:sql:ExtendedServerBlobAuditingPolicy", { state: "Disabled" }),
  ],
  diagnostics: [platformSpec, altering("azure-native:monitor:DiagnosticSetting", { logs: [] })],
  "workspace-settings": [
    {
      kind: "workspace",
      stack: "workspace-eastus",
      environment,
      workspace: specs.workspace,
      factoryClientId: "66666666-6666-4666-8666-666666666666",
    },
    altering("databricks:index/disableLegacyAccessSetting:DisableLegacyAccessSetting", {
      disableLegacyAccess: { value: false },
    }),
  ],
};

const refusedBy = (id: string) => (fault: Error) => {
  assert.match(fault.message, new RegExp(`guardrail ${id}: `), fault.message);
  return true;
};

describe("a program whose spec", () => {
  for (const [id, spec] of Object.entries(brokenSpecs))
    it(`breaks ${id} ends before its first resource`, () => assert.rejects(mockRun(spec), refusedBy(id)));
});

describe("a program that registers a resource which", () => {
  for (const [id, planted] of Object.entries(brokenResources))
    it(`breaks ${id} ends there`, () =>
      assert.rejects(
        mockRun(aclSpec, () => new Planting(planted)),
        (fault: Error) => {
          assert.match(fault.message, /^Stack acl-eastus-job-201, resource planted \(/);
          return refusedBy(id)(fault);
        },
      ));

  it("only reads one is not refused: it is judged by what Azure says of it", async () => {
    const more = () => {
      new (class extends CustomResource {
        constructor() {
          super("azure-native:keyvault:Vault", "read", {}, { id: vaultId(environment) });
        }
      })();
    };
    await mockRun(aclSpec, more);
  });
});

describe("a program whose resources together", () => {
  for (const [id, [spec, alter]] of Object.entries(brokenStacks))
    it(`break ${id} ends before it is complete`, async () => {
      await mockRun(spec);
      await assert.rejects(mockRun(spec, undefined, alter), refusedBy(id));
    });
});

describe("a program whose output", () => {
  it("breaks secret-output does not end well, nor one that breaks secret-text", async () => {
    const judge = new ProgramJudge(aclSpec);
    await judge.outputs({ plain: "x", list: ["x"] });
    const inside = { nested: [secret("hunter2")] };
    await assert.rejects(judge.outputs({ plain: "x", inside }), refusedBy("secret-output"));
    const text = "Server=x;Password=hunter2";
    await assert.rejects(judge.outputs({ text }), refusedBy("secret-text"));
  });
});

describe("an input that is known late", () => {
  const judged = (definition: unknown) => {
    const judge = new ProgramJudge(jobSpec);
    const type = "databricks:index/clusterPolicy:ClusterPolicy";
    const props = { name: "p", definition: output(definition) };
    const resource = undefined as never; // nothing looks at it
    const changed = judge.resource({ resource, type, name: "p", props, opts: {} }) ?? assert.fail();
    // An output has several promises, and each of them fails.
    const input = changed.props.definition as Record<"isKnown" | "isSecret", Promise<unknown>> &
      Record<"promise" | "allResources", () => Promise<unknown>>;
    for (const promise of [input.isKnown, input.isSecret, input.allResources()]) promise.catch(() => {});
    return { judge, input: input.promise() };
  };

  it("makes the resource's call wait for the judgement, and fails it", async () => {
    const { judge, input } = judged("{}");
    await assert.rejects(input, refusedBy("cluster-isolation"));
    assert.ok(judge.lateFault() instanceof Error);
  });

  it("that keeps the guardrails arrives as it was", async () => {
    const { resources } = await mockRun(jobSpec);
    const policy = resources.find(({ name }) => name === "cluster-policy") ?? assert.fail();
    const { judge, input } = judged(policy.inputs.definition);
    assert.equal(await input, policy.inputs.definition);
    assert.equal(judge.lateFault(), null);
  });
});

describe("what holds data", () => {
  const held = [
    "azure-native:databricks:Workspace",
    "azure-native:keyvault:Vault",
    "azure-native:managedidentity:UserAssignedIdentity",
    "azure-native:network:VirtualNetwork",
    "azure-native:operationalinsights:Workspace",
    "azure-native:sql:Database",
    "azure-native:sql:Server",
    "azure-native:storage:StorageAccount",
  ];
  it("is protected where its environment says so, and nowhere else", async () => {
    const types = async (spec: StackSpec): Promise<string[]> => {
      const { resources } = await mockRun(spec);
      return [...new Set(resources.flatMap(({ type, protect }) => (protect ? [type] : [])))].sort();
    };
    assert.deepEqual(await types(platformSpec), held);
    assert.deepEqual(await types({ ...platformSpec, production: false, deletionProtection: false }), []);
    assert.deepEqual(await types(jobSpec), []);
  });
});

describe("an exception in a spec", () => {
  const exceptions = [{ guardrail: "range-width", subject: "203.0.0.0/16" }];
  it("lets exactly what it names through spec and resources", async () => {
    await mockRun({ ...firewallSpec, ranges: ["203.0.0.0/16"], exceptions });
    await assert.rejects(
      mockRun({ ...firewallSpec, ranges: ["203.0.0.0/16", "203.1.0.0/16"], exceptions }),
      refusedBy("range-width"),
    );
    const exception = { guardrail: "cluster-workers", subject: "100" };
    await mockRun({ ...jobSpec, cluster: { ...jobSpec.cluster, maxWorkers: 100 }, exceptions: [exception] });
  });
});

describe("the places together", () => {
  it("call every guardrail but those that only rows can break", () => {
    const called = new Set(
      [brokenSpecs, brokenResources, brokenStacks]
        .flatMap((each) => Object.keys(each))
        .concat("secret-output"),
    );
    const ofRowsOnly = guardrails.map(({ id }) => id).filter((id) => !called.has(id));
    assert.deepEqual(ofRowsOnly.sort(), judgedOnRowsOnly);
  });
});
