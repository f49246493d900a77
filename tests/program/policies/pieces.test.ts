import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { output } from "@pulumi/pulumi";
import { piecesOfResource } from "../../../program/policies/from-resource.ts";
import { piecesOfSpec } from "../../../program/policies/from-spec.ts";
import { piecesOfStack } from "../../../program/policies/from-stack.ts";
import { judge } from "../../../program/policies/judge.ts";
import type { Piece } from "../../../program/policies/pieces.ts";
import {
  accessSpec,
  aclSpec,
  firewallSpec,
  jobSpec,
  keyVaultReader,
  platformSpec,
} from "../support/specs.ts";

const roleAssignment = "azure-native:authorization:RoleAssignment";
const ipAccessList = "databricks:index/ipAccessList:IpAccessList";
const scope = accessSpec.roleAssignments[0]?.scope ?? "";
const roleDefinitionId = `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${keyVaultReader}`;

const pieces = (
  type: string,
  props: Record<string, unknown>,
  spec = aclSpec as Parameters<typeof piecesOfResource>[1],
) => piecesOfResource({ type, name: "it", props }, spec);
const ofKind = <K extends Piece["kind"]>(kind: K, all: readonly Piece[]) =>
  all.filter((piece): piece is Extract<Piece, { kind: K }> => piece.kind === kind);
const refusals = (all: readonly Piece[]): string[] => [
  ...new Set(all.flatMap(judge).map(({ guardrail }) => guardrail)),
];

describe("the pieces of a resource", () => {
  it("of a role assignment are its scope, role and kind of principal", () => {
    assert.deepEqual(
      ofKind("role-assignment", pieces(roleAssignment, { scope, roleDefinitionId, principalType: "Group" })),
      [{ kind: "role-assignment", scope, roleId: keyVaultReader, principalType: "Group" }],
    );
  });

  it("of a role assignment that doesn't say its kind of principal are a user's, as Azure would take it", () => {
    const [piece] = ofKind("role-assignment", pieces(roleAssignment, { scope, roleDefinitionId }));
    assert.equal(piece?.principalType, "User");
  });

  it("of an ALLOW list are its ranges; a BLOCK list opens nothing", () => {
    const ipAddresses = ["203.0.113.0/24", "0.0.0.0/0"];
    assert.deepEqual(
      ofKind("firewall-range", pieces(ipAccessList, { listType: "ALLOW", ipAddresses })).map((p) => p.range),
      ipAddresses,
    );
    assert.deepEqual(ofKind("firewall-range", pieces(ipAccessList, { listType: "BLOCK", ipAddresses })), []);
  });

  it("of a rule of an SQL server are the CIDR between its ends", () => {
    const rule = (startIpAddress: string, endIpAddress: string) =>
      pieces("azure-native:sql:FirewallRule", { startIpAddress, endIpAddress });
    assert.deepEqual(refusals(rule("203.0.113.0", "203.0.113.255")), []);
    assert.deepEqual(refusals(rule("203.0.0.0", "203.0.255.255")), ["range-width"]);
    assert.deepEqual(refusals(rule("0.0.0.0", "0.0.0.0")), ["range-of-callers"]);
    assert.deepEqual(refusals(rule("0.0.0.0", "255.255.255.255")), ["range-width", "range-of-callers"]);
    assert.deepEqual(refusals(rule("203.0.113.1", "203.0.113.9")), ["range-form"]);
  });

  it("whose values can't be read yet are refused", () => {
    const later = output("later");
    for (const [type, props] of [
      [roleAssignment, { scope: later, roleDefinitionId, principalType: "Group" }],
      [roleAssignment, { scope, roleDefinitionId: later, principalType: "Group" }],
      [roleAssignment, { scope, roleDefinitionId, principalType: later }],
      [roleAssignment, {}],
      [ipAccessList, { listType: "ALLOW", ipAddresses: later }],
      [ipAccessList, { listType: later, ipAddresses: [later] }],
      ["azure-native:authorization:RoleDefinition", { permissions: [{ actions: later }] }],
      ["azure-native:keyvault:Vault", { properties: later }],
      ["azure-native:network:Subnet", { defaultOutboundAccess: later }],
      ["databricks:index/grant:Grant", { schema: "ml.models", privileges: later }],
      ["databricks:index/permissions:Permissions", { accessControls: later }],
      ["databricks:index/clusterPolicy:ClusterPolicy", { definition: later }],
    ] as const) {
      assert.notEqual(refusals(pieces(type, props)).length, 0, type);
    }
  });

  it("leave out ids of what the program makes, which nobody knows before the run", () => {
    const principalId = output("later");
    assert.deepEqual(
      refusals(pieces(roleAssignment, { scope, roleDefinitionId, principalType: "Group", principalId })),
      [],
    );
    const newCluster = {
      policyId: output("later"),
      sparkVersion: "16.4.x-scala2.12",
      nodeTypeId: "Standard_D4ds_v5",
      numWorkers: 2,
      dataSecurityMode: "SINGLE_USER",
      enableLocalDiskEncryption: true,
    };
    const job = "databricks:index/job:Job";
    assert.deepEqual(refusals(pieces(job, { jobClusters: [{ newCluster }] })), []);
    const { policyId: _, ...without } = newCluster;
    assert.deepEqual(refusals(pieces(job, { tasks: [{ newCluster: without }] })), ["cluster-policy"]);
    const scripts = { initScripts: [{ workspace: { destination: "/Shared/x.sh" } }] };
    assert.deepEqual(
      refusals(pieces(job, { jobClusters: [{ newCluster: { ...newCluster, ...scripts } }] })),
      ["init-scripts"],
    );
  });

  describe("of a cluster's policy", () => {
    const fixed = (value: unknown) => ({ type: "fixed", value });
    const forbidden = { type: "forbidden" };
    const machine = "Standard_D4ds_v5";
    const good = {
      cluster_type: fixed("job"),
      node_type_id: fixed(machine),
      driver_node_type_id: fixed(machine),
      spark_version: fixed("16.4.x-scala2.12"),
      "autoscale.max_workers": { type: "range", maxValue: 4 },
      data_security_mode: fixed("SINGLE_USER"),
      enable_local_disk_encryption: fixed(true),
      ...Object.fromEntries(
        ["workspace", "dbfs", "abfss", "file", "s3", "gcs"].map((source) => [
          `init_scripts.*.${source}.destination`,
          forbidden,
        ]),
      ),
    };
    const of = (change: Readonly<Record<string, unknown>>) =>
      refusals(
        pieces("databricks:index/clusterPolicy:ClusterPolicy", {
          name: "p",
          definition: JSON.stringify({ ...good, ...change }),
        }),
      );

    it("are all that it lets people choose", () => {
      assert.deepEqual(of({}), []);
      const machines = { type: "allowlist", values: [machine, "Standard_M416ms_v2"] };
      const runtimes = { type: "allowlist", values: ["16.4.x-scala2.12", "7.3.x-scala2.12"] };
      const availability = { type: "allowlist", values: ["ON_DEMAND_AZURE", "SPOT_AZURE"] };
      assert.deepEqual(of({ node_type_id: machines }), ["cluster-machine"]);
      assert.deepEqual(of({ driver_node_type_id: machines }), ["cluster-machine"]);
      assert.deepEqual(of({ spark_version: runtimes }), ["cluster-runtime"]);
      assert.deepEqual(of({ "azure_attributes.availability": availability }), ["cluster-spot"]);
    });

    it("are broken where it limits nothing", () => {
      const guardrailOf = {
        node_type_id: "cluster-machine",
        driver_node_type_id: "cluster-machine",
        spark_version: "cluster-runtime",
        "autoscale.max_workers": "cluster-workers",
        data_security_mode: "cluster-isolation",
        enable_local_disk_encryption: "cluster-isolation",
        "init_scripts.*.dbfs.destination": "init-scripts",
        "init_scripts.*.s3.destination": "init-scripts",
        "init_scripts.*.gcs.destination": "init-scripts",
      };
      for (const [key, guardrail] of Object.entries(guardrailOf)) {
        const rule = (good as Readonly<Record<string, object>>)[key];
        const value = key === "autoscale.max_workers" ? 4 : machine;
        for (const weak of [
          undefined,
          { type: "unlimited", value },
          { type: "blocklist", values: [value] },
          { ...rule, isOptional: true },
        ])
          assert.deepEqual(of({ [key]: weak }), [guardrail], `${key} ${JSON.stringify(weak)}`);
      }
    });

    it("of a pool bind the driver to it too", () => {
      const pooled = {
        node_type_id: undefined,
        driver_node_type_id: undefined,
        instance_pool_id: fixed("pool-1"),
        driver_instance_pool_id: fixed("pool-1"),
      };
      assert.deepEqual(of(pooled), []);
      assert.deepEqual(of({ ...pooled, driver_instance_pool_id: forbidden }), []);
      for (const driver of [undefined, fixed("pool-2"), { ...fixed("pool-1"), isOptional: true }])
        assert.deepEqual(of({ ...pooled, driver_instance_pool_id: driver }), ["cluster-machine"]);
      assert.deepEqual(of({ ...pooled, instance_pool_id: forbidden }), ["cluster-machine"]);
    });
  });

  it("of a cluster are its driver too, and of a pool without a capacity any number of workers", () => {
    const cluster = {
      policyId: "p",
      sparkVersion: "16.4.x-scala2.12",
      nodeTypeId: "Standard_D4ds_v5",
      driverNodeTypeId: "Standard_M416ms_v2",
      numWorkers: 2,
      autoterminationMinutes: 30,
      dataSecurityMode: "SINGLE_USER",
      enableLocalDiskEncryption: true,
    };
    assert.deepEqual(refusals(pieces("databricks:index/cluster:Cluster", cluster)), ["cluster-machine"]);
    const pool = { instancePoolName: "p", nodeTypeId: "Standard_D4ds_v5" };
    const type = "databricks:index/instancePool:InstancePool";
    assert.deepEqual(refusals(pieces(type, { ...pool, maxCapacity: 5 })), []);
    assert.deepEqual(refusals(pieces(type, pool)), ["cluster-workers"]);
  });

  it("of an input that is named for a secret are refused, but for a reference to a vault", () => {
    const type = "azure-native:datafactory:LinkedService";
    const properties = {
      type: "SqlServer",
      connectVia: { referenceName: "ir" },
      encrypt: "mandatory",
      password: { type: "AzureKeyVaultSecret", secretName: "erp-reader" },
    };
    assert.deepEqual(refusals(pieces(type, { properties })), []);
    const inClear = { ...properties, password: { type: "SecureString", value: "hunter2" } };
    assert.deepEqual(refusals(pieces(type, { properties: inClear })), ["secret-resource"]);
    assert.deepEqual(refusals(pieces(type, { properties: { ...properties, password: output("x") } })), [
      "secret-resource",
    ]);
    assert.ok(
      refusals(pieces("azure-native:sql:Server", { administratorLoginPassword: "x" })).includes(
        "secret-resource",
      ),
    );
  });

  it("of a linked service are no secret that the SDK would take as plain text", () => {
    const declarations = readFileSync(
      fileURLToPath(import.meta.resolve("@pulumi/azure-native/types/input.d.ts")),
      "utf8",
    );
    const factory = declarations.slice(declarations.indexOf("declare namespace datafactory {"));
    const names = new Set<string>();
    for (const [, body = ""] of factory.matchAll(/interface \w+LinkedServiceArgs \{\n([\s\S]*?)\n {4}\}\n/g))
      for (const [, name = ""] of body.matchAll(/^\s*(\w+)\??: [^;]*SecureString[^;]*;/gm)) names.add(name);
    assert.ok(names.size > 30, [...names].join());
    for (const name of names)
      for (const value of ["hunter2", output("later"), { type: "SecureString", value: "x" }])
        assert.ok(
          refusals(
            pieces("azure-native:datafactory:LinkedService", {
              properties: { type: "X", connectVia: { referenceName: "ir" }, [name]: value },
            }),
          ).includes("secret-resource"),
          name,
        );
    const headers = (value: unknown) =>
      refusals(
        pieces("azure-native:datafactory:LinkedService", {
          properties: {
            type: "RestService",
            connectVia: { referenceName: "ir" },
            credential: { type: "CredentialReference", referenceName: "factory" },
            authHeaders: { Authorization: value },
          },
        }),
      );
    assert.deepEqual(headers({ type: "AzureKeyVaultSecret", secretName: "header" }), []);
    assert.deepEqual(headers("Basic aHVudGVyMg=="), ["secret-resource"]);
  });

  it("of a security group are what it lets in from outside", () => {
    const rule = (change: Readonly<Record<string, unknown>>) => ({
      name: "r",
      ...{ direction: "Inbound", access: "Allow", sourceAddressPrefix: "*" },
      ...change,
    });
    const of = (change: Readonly<Record<string, unknown>>) => {
      const tags = { environment: "eastus", managed_by: "rowgate" };
      const type = "azure-native:network:NetworkSecurityGroup";
      const inGroup = refusals(pieces(type, { tags, securityRules: [rule(change)] }));
      assert.deepEqual(refusals(pieces("azure-native:network:SecurityRule", rule(change))), inGroup);
      return inGroup;
    };
    for (const closed of [
      { sourceAddressPrefix: "VirtualNetwork" },
      { sourceAddressPrefix: undefined, sourceAddressPrefixes: ["10.1.0.0/16"] },
      { sourceAddressPrefix: undefined, sourceApplicationSecurityGroups: [{ id: "/asg" }] },
      { direction: "Outbound" },
      { access: "Deny" },
    ])
      assert.deepEqual(of(closed), [], JSON.stringify(closed));
    for (const open of [
      {},
      { sourceAddressPrefix: undefined },
      { sourceAddressPrefix: "VirtualNetwork", sourceAddressPrefixes: ["0.0.0.0/0"] },
      { sourceAddressPrefix: output("VirtualNetwork") },
      { sourceAddressPrefix: "Internet", direction: output("Outbound") },
      { sourceAddressPrefix: "Internet", access: output("Deny") },
    ])
      assert.deepEqual(of(open), ["subnet-closed"]);
  });

  it("of a pipeline are its calls, also those in its branches", () => {
    const call = { name: "Call", type: "WebActivity", url: "https://evil.example/", policy: {} };
    const activities = [{ name: "If", type: "IfCondition", ifFalseActivities: [call] }];
    const [piece] = ofKind(
      "web-activity",
      pieces("azure-native:datafactory:Pipeline", { activities }, jobSpec),
    );
    assert.deepEqual(piece, {
      kind: "web-activity",
      name: "Call",
      url: "https://evil.example/",
      serviceUrl: null,
      hidesInput: false,
      hidesOutput: false,
    });
  });

  it("say whether it has its tags", () => {
    const type = "azure-native:network:NatGateway";
    assert.deepEqual(refusals(pieces(type, {})), ["tags-present"]);
    assert.deepEqual(refusals(pieces(type, { tags: { environment: "eastus", managed_by: "rowgate" } })), []);
    assert.deepEqual(refusals(pieces("azure-native:network:Subnet", {})).includes("tags-present"), false);
  });
});

describe("the pieces of a spec", () => {
  it("are what its rows widen", () => {
    assert.deepEqual(ofKind("role-assignment", piecesOfSpec(accessSpec)), [
      { kind: "role-assignment", scope, roleId: keyVaultReader, principalType: "Group" },
    ]);
    assert.ok(firewallSpec.service === "databricks");
    assert.deepEqual(
      ofKind("firewall-range", piecesOfSpec(firewallSpec)).map(({ range }) => range),
      [firewallSpec.serviceAddress, ...firewallSpec.ranges],
    );
    assert.equal(ofKind("unity-grant", piecesOfSpec(accessSpec)).length, accessSpec.unityGrants.length);
    assert.equal(ofKind("object-permission", piecesOfSpec(aclSpec)).length, 1);
    assert.equal(ofKind("cluster", piecesOfSpec(jobSpec)).length, 1);
    assert.equal(ofKind("environment", piecesOfSpec(platformSpec)).length, 1);
  });
});

describe("the pieces of a whole stack", () => {
  const vault = {
    type: "azure-native:keyvault:Vault",
    name: "key-vault",
    props: { vaultName: "kv", resourceGroupName: "RG" },
  };
  const setting = (resourceUri: unknown, enabled = true) => ({
    type: "azure-native:monitor:DiagnosticSetting",
    name: "s",
    props: { resourceUri, logs: [{ categoryGroup: "audit", enabled }] },
  });
  const id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";

  it("tell which resource has no diagnostic setting of its own", () => {
    const of = (...more: ReturnType<typeof setting>[]) =>
      refusals(piecesOfStack([vault, ...more], platformSpec));
    assert.deepEqual(of(setting(id)), []);
    assert.deepEqual(of(setting(id.toUpperCase())), []);
    for (const other of [[], [setting(`${id}2`)], [setting(id, false)], [setting(output(id))]])
      assert.deepEqual(of(...other), ["diagnostics"]);
  });

  it("pair an endpoint with the zone group of its name", () => {
    const endpoint = {
      type: "azure-native:network:PrivateEndpoint",
      name: "pe",
      props: { privateLinkServiceConnections: [{ groupIds: ["vault"] }] },
    };
    const group = (name: string, zone: string) => ({
      type: "azure-native:network:PrivateDnsZoneGroup",
      name,
      props: { privateDnsZoneConfigs: [{ privateDnsZoneId: `/x/privateDnsZones/${zone}` }] },
    });
    const right = "privatelink.vaultcore.azure.net";
    assert.deepEqual(refusals(piecesOfStack([endpoint, group("pe", right)], aclSpec)), []);
    for (const groups of [[], [group("other", right)], [group("pe", "privatelink.dfs.core.windows.net")]])
      assert.deepEqual(refusals(piecesOfStack([endpoint, ...groups], aclSpec)), ["endpoint-zone"]);
  });
});
