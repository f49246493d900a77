/** changeRows finds an order in which its changes fit together, whatever order they are given in. */
import assert from "node:assert/strict";
import { RowRefusedError } from "../../../metadata-schema/errors.ts";
import type { MetadataStore, RowChange } from "../../../metadata-schema/store.ts";
import { type Case, childRows, environmentValues, seed, touched } from "./kit.ts";
import { change, insert, remove, rowOf, rowOfJob, update } from "./row-changes.ts";

/** Each in both directions, so that no order given happens to be the right one. */
async function inAnyOrder(
  store: MetadataStore,
  changes: readonly RowChange[],
  isReversed: boolean,
): Promise<void> {
  await change(store, ...(isReversed ? changes.toReversed() : changes));
}

export function changeOrderCases(fact: Case): void {
  orderCases(fact);
  clusterCases(fact);
  defaultCases(fact);
  numberCases(fact);
}

function orderCases(fact: Case): void {
  for (const isReversed of [false, true]) {
    const order = isReversed ? "backwards" : "forwards";
    fact(`rows and the rows they name are inserted at once, ${order}`, async ({ store }) => {
      const changes = [
        environmentValues("eastus", true),
        { table: "Integration_Runtimes", values: { name: "ir", kind: "managed", location: "eastus" } },
        {
          table: "Data_Sources",
          values: { name: "erp", kind: "rest", location: "eastus", integration_runtime: "ir" },
        },
        { table: "Models", values: { name: "ml.models.churn", environment: "eastus" } },
        { table: "Jobs", values: { job_id: 201, environment: "eastus" } },
        ...childRows(201).filter(({ table }) => table !== "Pipeline_Settings"),
        {
          table: "Pipeline_Settings",
          values: { job_id: 201, data_source: "erp", integration_runtime: "ir" },
        },
      ] as const;
      await inAnyOrder(
        store,
        changes.map(({ table, values }) => insert(table, values)),
        isReversed,
      );
      assert.equal((await store.readRows({})).length, changes.length);
    });

    fact(`rows and the rows they named are deleted at once, ${order}`, async ({ store }) => {
      await seed(store);
      await store.insertRows([
        { table: "Integration_Runtimes", values: { name: "ir", kind: "managed", location: "eastus" } },
        {
          table: "Data_Sources",
          values: { name: "erp", kind: "rest", location: "eastus", integration_runtime: "ir" },
        },
        { table: "Models", values: { name: "ml.models.churn", environment: "eastus" } },
        { table: "Pipeline_Settings", values: { job_id: 203, data_source: "erp" } },
      ]);
      await inAnyOrder(store, (await store.readRows({})).map(remove), isReversed);
      assert.deepEqual(await store.readRows({}), []);
    });

    fact(`an environment is deleted after its jobs moved away, ${order}`, async ({ store }) => {
      await seed(store);
      const changes = [
        remove(await rowOf(store, "Environments", "westus")),
        update(await rowOf(store, "Jobs", "202"), { environment: "eastus" }),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.deepEqual(
        (await store.readRows({ tables: ["Environments"] })).map(({ key }) => key),
        ["eastus"],
      );
      assert.deepEqual(await touched(store), ["environment:westus", "job:202"]);
    });

    fact(`a job moves to an environment that is new, from one that goes, ${order}`, async ({ store }) => {
      await seed(store);
      const { table, values } = environmentValues("france");
      const changes = [
        remove(await rowOf(store, "Environments", "westus")),
        update(await rowOf(store, "Jobs", "202"), { environment: "france" }),
        insert(table, values),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.equal((await store.loadJob(202)).environment?.name, "france");
    });
  }
}

const workers = async (store: MetadataStore, jobId: number) =>
  (await rowOfJob(store, "Cluster_Configs", jobId)).values.max_workers;

function clusterCases(fact: Case): void {
  for (const isReversed of [false, true]) {
    const order = isReversed ? "backwards" : "forwards";
    fact(`a job's cluster is deleted and another one inserted, ${order}`, async ({ store }) => {
      await seed(store);
      const changes = [
        remove(await rowOfJob(store, "Cluster_Configs")),
        insert("Cluster_Configs", { job_id: 201, max_workers: 9 }),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.equal(await workers(store, 201), 9);
    });

    fact(`a cluster moves on to the next job and makes room for another one, ${order}`, async ({ store }) => {
      await seed(store);
      await store.insertRows([{ table: "Cluster_Configs", values: { job_id: 202, max_workers: 2 } }]);
      const changes = [
        update(await rowOfJob(store, "Cluster_Configs", 202), { job_id: 203 }),
        update(await rowOfJob(store, "Cluster_Configs", 201), { job_id: 202 }),
        insert("Cluster_Configs", { job_id: 201, max_workers: 9 }),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.deepEqual(
        [await workers(store, 201), await workers(store, 202), await workers(store, 203)],
        [9, 4, 2],
      );
    });
  }

  fact("two rows that swap what only one may have fit in no order and are refused", async ({ store }) => {
    await seed(store);
    await store.insertRows([{ table: "Cluster_Configs", values: { job_id: 202 } }]);
    const swap = [
      update(await rowOfJob(store, "Cluster_Configs", 201), { job_id: 202 }),
      update(await rowOfJob(store, "Cluster_Configs", 202), { job_id: 201 }),
    ];
    await assert.rejects(change(store, ...swap), RowRefusedError);
  });
}

function defaultCases(fact: Case): void {
  for (const isReversed of [false, true]) {
    const order = isReversed ? "backwards" : "forwards";
    fact(`the default environment is handed over, ${order}`, async ({ store }) => {
      await seed(store);
      const changes = [
        update(await rowOf(store, "Environments", "eastus"), { is_default: false }),
        update(await rowOf(store, "Environments", "westus"), { is_default: true }),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.equal((await store.loadJob(201)).environment?.name, "westus");
    });

    fact(`the default environment is handed over to a new one, ${order}`, async ({ store }) => {
      await seed(store);
      const { table, values } = environmentValues("france", true);
      const changes = [
        update(await rowOf(store, "Environments", "eastus"), { is_default: false }),
        insert(table, values),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.equal((await store.loadJob(201)).environment?.name, "france");
    });

    fact(`another environment becomes the default one as that is deleted, ${order}`, async ({ store }) => {
      await seed(store);
      const changes = [
        remove(await rowOf(store, "Environments", "eastus")),
        update(await rowOf(store, "Environments", "westus"), { is_default: true }),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.equal((await store.loadJob(201)).environment?.name, "westus");
    });
  }
}

function numberCases(fact: Case): void {
  for (const isReversed of [false, true]) {
    const order = isReversed ? "backwards" : "forwards";
    fact(`a job takes another number as its rows are edited, ${order}`, async ({ store }) => {
      await seed(store);
      const changes = [
        update(await rowOf(store, "Jobs", "201"), { job_id: 210 }),
        update(await rowOfJob(store, "Cluster_Configs"), { max_workers: 9 }),
        remove(await rowOfJob(store, "Network_Rules")),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.equal(await workers(store, 210), 9);
      assert.equal((await store.readRows({ jobId: 210 })).length, childRows(201).length);
    });

    fact(`a job's number goes to a new job as it takes another one, ${order}`, async ({ store }) => {
      await seed(store);
      const changes = [
        update(await rowOf(store, "Jobs", "201"), { job_id: 210 }),
        insert("Jobs", { job_id: 201, name: "new" }),
      ];
      await inAnyOrder(store, changes, isReversed);
      assert.deepEqual([(await store.getJob(201))?.name, (await store.getJob(210))?.name], ["new", "churn"]);
    });
  }
}
