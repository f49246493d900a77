import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NameAnswer, NameQuery } from "../../../automation/reconcile/names-needed.ts";
import { resolveEnvironment } from "../../../automation/reconcile/resolve.ts";
import type { EnvironmentRow, IntegrationRuntimeRow } from "../../../metadata-schema/rows.ts";
import type { Resolution } from "../../../metadata-schema/store.ts";
import {
  admittedIn,
  answers,
  environmentRow,
  environmentSnapshot,
  now,
  refusals,
  runtimeRow,
  vaultId,
} from "../../support/snapshots.ts";

const user = (name: string, answer: NameAnswer): readonly [NameQuery, NameAnswer] => [
  { kind: "user", name },
  answer,
];
const resolve = (change: Partial<EnvironmentRow> = {}, with_ = answers()) =>
  resolveEnvironment(environmentSnapshot({ environment: environmentRow(change) }), with_, { seq: 1, now });

const existingIn = (resolution: Resolution) =>
  resolution.contributions.find(({ stack }) => stack === "platform-eastus")?.base?.environment.existing;

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-hub";
const network = `${group}/providers/Microsoft.Network/virtualNetworks/vnet-hub`;
const found = (...ids: readonly string[]) =>
  answers(
    ...ids.map(
      (name) =>
        [
          { kind: "resource", name },
          { status: "found", objectId: name },
        ] as const,
    ),
  );

describe("what an environment takes over", () => {
  it("is looked up and told to the platform, by what it is", () => {
    const existing_resources = { virtual_network: network, private_dns_zones: group };
    const resolution = resolve({ existing_resources }, found(network, group));
    assert.deepEqual(refusals(resolution), []);
    assert.deepEqual(existingIn(resolution), { ...existing_resources, key_vault: vaultId });
  });

  it("is waited for while it is not there", () => {
    const resolution = resolve({ existing_resources: { virtual_network: network } });
    assert.deepEqual(refusals(resolution), ["Environments eastus Waiting ResourceNotFound"]);
  });

  it("must be a word we know, an ARM id of its kind, and fit together", () => {
    const lake = `${group}/providers/Microsoft.Storage/storageAccounts/sthub`;
    const reasons = [
      { lakehouse: lake },
      { key_vault: vaultId },
      { lake: network },
      { lake: "sthub" },
      { private_endpoint_subnet: `${network}/subnets/endpoints` },
    ].map((existing_resources) => refusals(resolve({ existing_resources }))[0]?.split(" ").at(-1));
    assert.deepEqual(reasons, [
      "UnknownResource",
      "UnknownResource",
      "InvalidResourceId",
      "InvalidResourceId",
      "SubnetOfOtherNetwork",
    ]);
  });
});

describe("an environment's addresses", () => {
  it("are an https URL, e-mail addresses and a GUID", () => {
    const bad = [
      { service_url: "http://rowgate.contoso.example" },
      { alert_emails: ["oncall"] },
      { databricks_account_id: "the account" },
    ].map((change) => refusals(resolve(change))[0]?.split(" ").at(-1));
    assert.deepEqual(bad, ["InvalidServiceUrl", "InvalidAddress", "InvalidAccountId"]);
    const good = resolve({
      service_url: "https://rowgate.contoso.example/",
      alert_emails: ["b@x.y", "a@x.y"],
    });
    const [item] = admittedIn(good, "platform-eastus");
    assert.ok(item?.kind === "platform");
    assert.equal(item.platform.serviceUrl, "https://rowgate.contoso.example");
    assert.deepEqual(item.platform.alertEmails, ["a@x.y", "b@x.y"]);
  });
});

describe("integration runtimes of an environment", () => {
  const withRuntimes = (...runtimes: readonly IntegrationRuntimeRow[]) =>
    resolveEnvironment(
      environmentSnapshot({
        integrationRuntimes: runtimes,
        outputs: { "platform-eastus": { factory_id: "/factories/adf" } },
      }),
      answers(),
      { seq: 1, now },
    );

  it("have a stack of their own, each as its row says", () => {
    const resolution = withRuntimes(
      runtimeRow({ description: "Lyon" }),
      runtimeRow({ name: "ir-cloud", kind: "managed", location: "eastus", core_count: 16 }),
    );
    assert.deepEqual(refusals(resolution), []);
    const items = admittedIn(resolution, "runtimes-eastus");
    assert.deepEqual(
      items.map(
        (item) => item.kind === "runtime" && [item.runtime.name, item.runtime.type, item.runtime.coreCount],
      ),
      [
        ["ir-plant-lyon", "self-hosted", 8],
        ["ir-cloud", "managed", 16],
      ],
    );
  });

  it("are refused one by one", () => {
    const resolution = withRuntimes(
      runtimeRow({ name: "ir-managed" }),
      runtimeRow({ name: "no--good" }),
      runtimeRow({ name: "ir-odd", kind: "magic" }),
      runtimeRow({ name: "ir-cores", kind: "managed", core_count: 9 }),
      runtimeRow(),
    );
    assert.deepEqual(
      refusals(resolution).map((text) => text.split(" ").at(-1)),
      ["RuntimeNameTaken", "InvalidRuntimeName", "UnknownRuntimeKind", "InvalidCoreCount"],
    );
    assert.equal(admittedIn(resolution, "runtimes-eastus").length, 1);
  });

  it("stay as they were while their environment cannot be read", () => {
    const first = withRuntimes(runtimeRow());
    const contributions = first.contributions.map((each) => ({
      ...each,
      subject: { kind: "environment", name: "eastus" } as const,
    }));
    const malformed = [
      { ref: { table: "Environments", key: "eastus" }, raw: {}, field: "tenant_id", fault: "is no GUID" },
    ] as const;
    const snapshot = environmentSnapshot({
      environment: null,
      integrationRuntimes: [runtimeRow()],
      malformed,
      contributions,
    });
    const held = resolveEnvironment(snapshot, answers(), { seq: 2, now });
    assert.equal(admittedIn(held, "runtimes-eastus").length, 1);
    assert.equal(admittedIn(held, "platform-eastus").length, 1);
  });
});

describe("resolve of an environment", () => {
  it("contributes its platform, with the vault it refers to", () => {
    const resolution = resolve();
    assert.deepEqual(existingIn(resolution), { key_vault: vaultId });
    assert.deepEqual([refusals(resolution), resolution.wakeAt], [[], null]);
  });

  it("makes a vault of its own where none is named", () => {
    assert.deepEqual(existingIn(resolve({ key_vault_id: null })), {});
  });

  it("blocks an address space that cannot be cut and a service address that is too wide", () => {
    assert.deepEqual(refusals(resolve({ address_space: "10.20.0.0/28" })), [
      "Environments eastus Blocked InvalidAddressSpace",
    ]);
    assert.match(
      refusals(resolve({ service_address: "0.0.0.0/0" }))[0] ?? "",
      /^Environments eastus Blocked /,
    );
  });

  it("waits for a vault that is missing or cannot be asked for, and looks again", () => {
    const query = { kind: "resource", name: vaultId } as const;
    const missing = resolve({}, answers([query, { status: "missing" }]));
    assert.deepEqual(refusals(missing), ["Environments eastus Waiting VaultNotFound"]);
    assert.ok(missing.wakeAt !== null && missing.wakeAt > now);
    const away = resolve({}, answers([query, { status: "unavailable", message: "ARM is away" }]));
    assert.deepEqual(refusals(away), ["Environments eastus Waiting DirectoryUnavailable"]);
  });

  it("puts the members of its own group in by object id, sorted, and waits for one it cannot find", () => {
    const members = { own_group: "ds", own_group_members: ["b@x", "a@x"] };
    const known = [
      user("b@x", { status: "found", objectId: "1" }),
      user("a@x", { status: "found", objectId: "2" }),
    ];
    const [item] = admittedIn(resolve(members, answers(...known)), "platform-eastus");
    assert.ok(item?.kind === "platform");
    assert.deepEqual(item.platform.ownGroup, { displayName: "ds", memberObjectIds: ["1", "2"] });
    assert.deepEqual(refusals(resolve(members, answers(...known.slice(0, 1)))), [
      "Environments eastus Waiting UserNotFound",
    ]);
  });

  it("that is gone contributes nothing any more", () => {
    const gone = resolveEnvironment(environmentSnapshot({ environment: null }), answers(), { seq: 1, now });
    assert.deepEqual(gone.contributions, []);
  });
});
