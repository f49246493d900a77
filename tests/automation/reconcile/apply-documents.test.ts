/** Documents → rows on a real SQLite file: what is refused, and what happens beside other writers. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ServiceError } from "../../../automation/errors.ts";
import { type ApplyRequest, applyDocuments } from "../../../automation/reconcile/apply-documents.ts";
import { RowRefusedError } from "../../../metadata-schema/errors.ts";
import type { MetadataStore, NewRow } from "../../../metadata-schema/store.ts";
import { environment, job, policy } from "../../support/small-rows.ts";
import { openTempStore, type TempStore } from "../../support/temp-store.ts";

const ana = { name: "ana@contoso.example", kind: "person" } as const;
const eastus = environment().values;
const asDataScientist = { role: "DataScientist", permissions: ["read_model"], entra_id_group: "ds_team" };

describe("applying documents to a store", () => {
  let temp: TempStore;
  beforeEach(async () => {
    temp = await openTempStore();
  });
  afterEach(() => temp.close());

  const apply = (documents: readonly unknown[], change: Partial<ApplyRequest> = {}, store = temp.store) =>
    applyDocuments(store, { documents, prune: false, dryRun: false, plan: null, ...change }, ana);
  const seed = (...rows: readonly NewRow[]) => temp.store.insertRows([environment(), ...rows]);
  const keys = async (table: NewRow["table"]) =>
    (await temp.store.readRows({ tables: [table] })).map(({ key }) => key);

  /** Faults as `document path: message`; nothing may have been written. */
  async function faultsOf(...documents: readonly unknown[]): Promise<readonly string[]> {
    const before = await temp.store.readRows({});
    const fault = await apply(documents).then(
      () => assert.fail("nothing was refused"),
      (error: unknown) => error,
    );
    assert.ok(fault instanceof ServiceError && fault.code === "DocumentsRefused", String(fault));
    assert.deepEqual(await temp.store.readRows({}), before);
    const faults = fault.details as { document: number; path: (string | number)[]; message: string }[];
    return faults.map(({ document, path, message }) => `${document} ${path.join(".")}: ${message}`);
  }
  const matchEach = (faults: readonly string[], patterns: readonly RegExp[]) => {
    assert.equal(faults.length, patterns.length, faults.join("\n"));
    for (const [index, pattern] of patterns.entries()) assert.match(faults[index] ?? "", pattern);
  };

  /** A store in which somebody else does something just before the first `times` writes. */
  const storeWith = (before: () => Promise<void>, times = 1): MetadataStore => {
    let left = times;
    return new Proxy(temp.store, {
      get: (store, name) => {
        if (name !== "changeRows") return Reflect.get(store, name);
        return async (...args: Parameters<MetadataStore["changeRows"]>) => {
          if (left > 0) await before();
          left -= 1;
          await store.changeRows(...args);
        };
      },
    });
  };

  it("of several at once that say the same, one writes and the others find it done", async () => {
    await seed(job(201));
    const documents = [{ job_id: 201, security: { access_policy: asDataScientist } }, { job_id: 300 }];
    const done = await Promise.all([apply(documents), apply(documents), apply(documents)]);
    assert.deepEqual(done.map(({ changes }) => changes.length).sort(), [0, 0, 2]);
    assert.equal((await keys("Access_Policies")).length, 1);
  });

  it("a row that comes between the look and the write is seen, and the plan made again", async () => {
    await seed(job(201));
    const added = policy(201, ["read_model"], { entra_id_group: "ml_ops" });
    const store = storeWith(() => temp.store.insertRows([added]));
    const documents = [{ job_id: 201, name: "churn", security: { access_policies: [] } }];
    const { changes } = await apply(documents, {}, store);
    assert.deepEqual(
      changes.map(({ kind, table }) => `${kind} ${table}`),
      ["update Jobs", "delete Access_Policies"],
    );
    assert.deepEqual(await keys("Access_Policies"), []);
  });

  it("a row that is edited between every look and write is given up after a while, and nothing is written", async () => {
    await seed(job(201, { name: "0" }));
    let edits = 0;
    const rename = async () => {
      const [row] = await temp.store.readRows({ tables: ["Jobs"] });
      assert.ok(row);
      edits += 1;
      await temp.store.changeRows(
        [{ kind: "update", table: "Jobs", key: "201", before: row.values, values: { name: `${edits}` } }],
        ana,
      );
    };
    const store = storeWith(rename, Number.POSITIVE_INFINITY);
    await assert.rejects(apply([{ job_id: 201, owner: "me" }], {}, store), (fault: unknown) => {
      assert.ok(fault instanceof ServiceError && fault.code === "RowsRefused" && fault.status === 409);
      assert.match(fault.message, /Jobs 201 was changed by somebody meanwhile/);
      return true;
    });
    assert.equal(edits, 3);
    assert.equal((await temp.store.getJob(201))?.owner, null);
  });

  it("what the database refuses is told", async () => {
    await seed();
    const refuse = async () => {
      throw new RowRefusedError("Jobs.name: the database has its own mind.");
    };
    await assert.rejects(apply([{ job_id: 1 }], {}, storeWith(refuse, 9)), /has its own mind/);
  });

  it("a job that goes takes its rows along, each of which is told", async () => {
    await seed(
      job(201),
      policy(201, ["read_model"]),
      policy(201, ["read_model"], { entra_id_group: "ml_ops" }),
    );
    const { changes } = await apply([{ environments: [eastus] }], { prune: true });
    assert.deepEqual(
      changes.map(({ kind, table, key }) => `${kind} ${table} ${key}`),
      ["delete Jobs 201", "delete Access_Policies 1", "delete Access_Policies 2"],
    );
    assert.deepEqual(await keys("Jobs"), []);
  });

  it("does what was agreed to, or nothing", async () => {
    await seed(job(201), job(202));
    const documents = [{ environments: [eastus] }, { job_id: 201 }];
    const { plan } = await apply(documents, { prune: true, dryRun: true });
    await temp.store.insertRows([job(203)]);
    await assert.rejects(apply(documents, { prune: true, plan }), (fault: unknown) => {
      assert.ok(fault instanceof ServiceError && fault.code === "PlanChanged" && fault.status === 409);
      return true;
    });
    assert.deepEqual(await keys("Jobs"), ["201", "202", "203"]);
    const again = await apply(documents, { prune: true, dryRun: true });
    const late = storeWith(() => temp.store.insertRows([policy(203, ["read_model"])]));
    await assert.rejects(apply(documents, { prune: true, plan: again.plan }, late), /somebody changed rows/);
    const last = await apply(documents, { prune: true, dryRun: true });
    await apply(documents, { prune: true, plan: last.plan });
    assert.deepEqual(await keys("Jobs"), ["201"]);
  });

  it("an environment that could never be built is a fault, and its jobs' rows are judged all the same", async () => {
    const bad = { ...eastus, name: "weu", is_default: false };
    const weu = {
      job_id: 7,
      environment: "weu",
      security: {
        access_policy: { role: "Owner", permissions: ["read_model"], entra_id_group: "x" },
        network_rule: { service: "Databricks", firewall_ranges: ["0.0.0.0/0"] },
        secret_reference: { key_vault: "some-vault", secret_name: "token" },
      },
    };
    const rowFaults = [
      /^1 security\.network_rule\.firewall_ranges: 0\.0\.0\.0\/0 is wider/,
      /^1 security\.access_policy\.role: "Owner" is not a role/,
    ];
    for (const [change, says] of [
      [{ address_space: "nonsense" }, /^0 environments\.0\.address_space: /],
      [{ service_address: "0.0.0.0/0" }, /^0 environments\.0\.service_address: 0\.0\.0\.0\/0 is wider/],
      [
        { key_vault_id: "nonsense" },
        /^0 environments\.0\.key_vault_id: is not the ARM id of a key vault\. Write it like/,
      ],
      [
        { subscription_id: "x".repeat(36) },
        /^0 environments\.0\.subscription_id: .* Write it like subscription_id: /,
      ],
    ] as const)
      matchEach(await faultsOf({ environments: [{ ...bad, ...change }] }, weu), [says, ...rowFaults]);
    await seed();
    matchEach(await faultsOf({ environments: [{ ...eastus, service_address: "0.0.0.0/0" }] }), [
      /^0 environments\.0\.service_address: /,
    ]);
  });

  it("rows are judged where there is no environment yet", async () => {
    matchEach(
      await faultsOf({ job_id: 7, security: { access_policy: { ...asDataScientist, role: "King" } } }),
      [/^0 security\.access_policy\.role: "King" is not a role/],
    );
  });

  it("a job's own faults are all told, those of shape and those of meaning", async () => {
    await seed();
    matchEach(await faultsOf({ job_id: 7, name: 17, kind: "stream" }), [
      /^0 name: must be text/,
      /^0 kind: /,
    ]);
  });

  it("several faults of meaning in one row are told together", async () => {
    await seed();
    const both = { role: "Owner", permissions: ["fly", "read_model"], entra_id_group: "x" };
    matchEach(
      await faultsOf(
        { job_id: 7, kind: "stream", priority: "high" },
        { job_id: 8, security: { access_policy: both } },
      ),
      [
        /^0 kind: "stream" is unknown\. Use "batch" or "online"\. priority: "high" is unknown\./,
        /^1 security\.access_policy\.permissions: "fly" is not a permission\..* role: "Owner" is not a role\. [^"]*$/,
      ],
    );
  });

  it("a change that blocks a row is a fault, also where the row itself stays as it is", async () => {
    await seed(job(201), policy(201, ["read_model"]));
    const model = "not a model";
    matchEach(await faultsOf({ job_id: 201, model, security: { access_policy: asDataScientist } }), [
      /^0 model: "not a model" is not a Unity Catalog name/,
      /^0 security\.access_policy\.permissions: .*not a model/,
    ]);
    matchEach(await faultsOf({ job_id: 201, model }), [
      /^0 model: "not a model" is not a Unity Catalog name/,
      /^0 : would block Access_Policies 1, which is not in the documents: .*not a model/,
    ]);
  });

  it("a row that was Blocked before is no fault of documents that leave it alone", async () => {
    await seed(job(201), policy(201, ["no_such_permission"]));
    assert.equal((await apply([{ job_id: 201, name: "new" }])).changes.length, 1);
    matchEach(
      await faultsOf({
        job_id: 201,
        security: { access_policy: { ...asDataScientist, permissions: ["no_such_permission", "another"] } },
      }),
      [/^0 security\.access_policy\.permissions: "no_such_permission" is not a permission/],
    );
  });
});
