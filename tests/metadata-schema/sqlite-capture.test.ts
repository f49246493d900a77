/** Change capture where SQLite has ways of its own: REPLACE, foreign keys off, OR clauses, rowid. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { openTempStore } from "../support/temp-store.ts";
import { childRows, insertPolicy, resolveAll, seed, touched } from "./conformance/kit.ts";

interface Shell {
  readonly store: MetadataStore;
  readonly shell: DatabaseSync;
  /** Subjects that statements in the shell touch. */
  touchedBy(...statements: readonly string[]): Promise<readonly string[]>;
}

/** A shell like sqlite3: foreign keys are off unless asked for. */
async function inShell(run: (context: Shell) => Promise<void>, foreignKeys = false): Promise<void> {
  const temp = await openTempStore();
  const shell = new DatabaseSync(temp.file, { enableForeignKeyConstraints: foreignKeys });
  await seed(temp.store);
  await run({
    store: temp.store,
    shell,
    touchedBy: async (...statements) => {
      await resolveAll(temp.store);
      for (const sql of statements) shell.exec(sql);
      return await touched(temp.store);
    },
  });
  shell.close();
  await temp.close(); // the folder stays after a failure
}

const children = [
  { table: "Access_Policies", key: "policy_id", columns: "role, permissions, entra_id_group" },
  { table: "Secret_References", key: "reference_id", columns: "key_vault, secret_name" },
  { table: "Network_Rules", key: "rule_id", columns: "service" },
  { table: "Cluster_Configs", key: "config_id", columns: "node_type" },
  { table: "Pipeline_Settings", key: "setting_id", columns: "sink_path" },
  { table: "Alert_Rules", key: "alert_id", columns: "metric, threshold" },
  { table: "Guardrail_Exceptions", key: "exception_id", columns: "guardrail, subject, reason, expires_at" },
] as const;

for (const foreignKeys of [false, true]) {
  describe(`sqlite: REPLACE with foreign keys ${foreignKeys ? "on" : "off"}`, () => {
    for (const { table, key, columns } of children) {
      it(`INSERT OR REPLACE on ${table} touches the job of the row that it replaces`, async () => {
        await inShell(async ({ touchedBy }) => {
          const sql = `INSERT OR REPLACE INTO ${table} (${key}, job_id, ${columns})
            SELECT ${key}, 202, ${columns} FROM ${table} WHERE job_id = 201`;
          assert.deepEqual(await touchedBy(sql), ["job:201", "job:202"]);
        }, foreignKeys);
      });

      it(`UPDATE OR REPLACE on ${table} touches the jobs of both rows`, async () => {
        await inShell(async ({ store, touchedBy }) => {
          await store.insertRows(childRows(202).filter((row) => row.table === table));
          const sql = `UPDATE OR REPLACE ${table} SET ${key} = (SELECT ${key} FROM ${table} WHERE job_id = 201)
            WHERE job_id = 202`;
          assert.deepEqual(await touchedBy(sql), ["job:201", "job:202"]);
        }, foreignKeys);
      });
    }

    it("a cluster that replaces another one by its job touches that job, and the one it left", async () => {
      await inShell(async ({ store, touchedBy }) => {
        await store.insertRows(childRows(202).filter((row) => row.table === "Cluster_Configs"));
        assert.deepEqual(
          await touchedBy("UPDATE OR REPLACE Cluster_Configs SET job_id = 201 WHERE job_id = 202"),
          ["job:201", "job:202"],
        );
        assert.deepEqual(await touchedBy("INSERT OR REPLACE INTO Cluster_Configs (job_id) VALUES (201)"), [
          "job:201",
        ]);
        assert.equal((await store.loadJob(201)).clusterConfigs.length, 1);
      }, foreignKeys);
    });

    it("INSERT OR REPLACE of a job touches it", async () => {
      await inShell(async ({ touchedBy }) => {
        assert.deepEqual(await touchedBy("INSERT OR REPLACE INTO Jobs (job_id, name) VALUES (201, 'new')"), [
          "job:201",
        ]);
      }, foreignKeys);
    });

    it("UPDATE OR REPLACE of a job's number touches both", async () => {
      await inShell(async ({ store, touchedBy }) => {
        assert.deepEqual(await touchedBy("UPDATE OR REPLACE Jobs SET job_id = 203 WHERE job_id = 201"), [
          "job:201",
          "job:203",
        ]);
        assert.equal((await store.getJob(203))?.name, "churn");
        assert.equal((await store.loadJob(203)).policies.length, 1);
      }, foreignKeys);
    });

    it("a default environment that replaces the other one touches both and the jobs in them", async () => {
      await inShell(async ({ store, touchedBy }) => {
        const replace = `INSERT OR REPLACE INTO Environments (name, is_default, location, subscription_id,
            tenant_id, resource_group, address_space, service_address)
          SELECT 'france', 1, location, subscription_id, tenant_id, resource_group, address_space, service_address
          FROM Environments WHERE name = 'eastus'`;
        assert.deepEqual(await touchedBy(replace), [
          "environment:eastus",
          "environment:france",
          "job:201",
          "job:203",
        ]);
        assert.equal((await store.loadEnvironment("eastus")).environment, null);
        const move = "UPDATE OR REPLACE Environments SET is_default = 1 WHERE name = 'westus'";
        assert.deepEqual(await touchedBy(move), [
          "environment:france",
          "environment:westus",
          "job:201",
          "job:202",
          "job:203",
        ]);
      }, foreignKeys);
    });

    it("an environment that replaces itself and is no longer the default touches the jobs that name none", async () => {
      await inShell(async ({ touchedBy }) => {
        const replace = `INSERT OR REPLACE INTO Environments (name, location, subscription_id, tenant_id,
            resource_group, address_space, service_address)
          SELECT name, location, subscription_id, tenant_id, resource_group, address_space, service_address
          FROM Environments WHERE name = 'eastus'`;
        assert.deepEqual(await touchedBy(replace), ["environment:eastus", "job:201", "job:203"]);
      }, foreignKeys);
    });
  });
}

for (const foreignKeys of [false, true])
  describe(`sqlite: REPLACE of shared rows with foreign keys ${foreignKeys ? "on" : "off"}`, () => {
    /** Job 201 reads erp in plant-lyon, job 203 reads files in plant-oslo; job 202 names a model. */
    const inSharedShell = (run: (context: Shell) => Promise<void>) =>
      inShell(async (context) => {
        context.shell.exec(`INSERT INTO Integration_Runtimes (name, kind, location)
            VALUES ('ir-lyon', 'self-hosted', 'plant-lyon'), ('ir-oslo', 'self-hosted', 'plant-oslo');
          INSERT INTO Data_Sources (name, kind, location)
            VALUES ('erp', 'rest', 'plant-lyon'), ('files', 'blob', 'plant-oslo');
          INSERT INTO Pipeline_Settings (job_id, data_source) VALUES (203, 'files');
          UPDATE Pipeline_Settings SET data_source = 'erp' WHERE job_id = 201;
          INSERT INTO Models (name) VALUES ('ml.models.churn'), ('ml.models.job_201');
          UPDATE Jobs SET model = 'ml.models.churn' WHERE job_id = 202`);
        await run(context);
      }, foreignKeys);

    it("a runtime that replaces itself elsewhere touches the jobs of the old location and the new one", async () => {
      await inSharedShell(async ({ touchedBy }) => {
        const values = "(name, kind, location) VALUES ('ir-lyon', 'self-hosted', 'plant-oslo')";
        assert.deepEqual(await touchedBy(`INSERT OR REPLACE INTO Integration_Runtimes ${values}`), [
          "environment:eastus",
          "job:201",
          "job:203",
        ]);
      });
    });

    it("a runtime that takes another one's name touches the jobs of both", async () => {
      await inSharedShell(async ({ touchedBy }) => {
        const sql = "UPDATE OR REPLACE Integration_Runtimes SET name = 'ir-oslo' WHERE name = 'ir-lyon'";
        assert.deepEqual(await touchedBy(sql), ["environment:eastus", "job:201", "job:203"]);
      });
    });

    it("a runtime that replaces itself in another environment touches both environments", async () => {
      await inSharedShell(async ({ touchedBy }) => {
        const values =
          "(name, environment, kind, location) VALUES ('ir-lyon', 'westus', 'self-hosted', 'nowhere')";
        assert.deepEqual(await touchedBy(`REPLACE INTO Integration_Runtimes ${values}`), [
          "environment:eastus",
          "environment:westus",
          "job:201",
        ]);
      });
    });

    it("a data source that replaces itself touches the jobs that read it", async () => {
      await inSharedShell(async ({ touchedBy }) => {
        const values = "(name, kind, location) VALUES ('erp', 'rest', 'nowhere')";
        assert.deepEqual(await touchedBy(`REPLACE INTO Data_Sources ${values}`), ["job:201"]);
      });
    });

    it("a model that takes another one's name touches the jobs of both, and an upsert those of one", async () => {
      await inSharedShell(async ({ touchedBy }) => {
        const upsert = `INSERT INTO Models (name) VALUES ('ml.models.churn')
          ON CONFLICT (name) DO UPDATE SET version = 7`;
        assert.deepEqual(await touchedBy(upsert), ["job:202"]);
        const sql = "UPDATE OR REPLACE Models SET name = 'ml.models.job_201' WHERE name = 'ml.models.churn'";
        assert.deepEqual(await touchedBy(sql), ["job:201", "job:202"]);
        assert.deepEqual(await touchedBy("REPLACE INTO Models (name) VALUES ('ml.models.job_201')"), [
          "job:201",
        ]);
      });
    });
  });

describe("sqlite: foreign keys off", () => {
  it("a data source or a runtime that goes although rows name it touches their jobs", async () => {
    await inShell(async ({ shell, touchedBy }) => {
      shell.exec(`INSERT INTO Integration_Runtimes (name, kind, location) VALUES ('ir', 'managed', 'eastus');
        INSERT INTO Data_Sources (name, kind, location) VALUES ('erp', 'rest', 'eastus');
        INSERT INTO Pipeline_Settings (job_id, integration_runtime) VALUES (203, 'ir');
        UPDATE Pipeline_Settings SET data_source = 'erp' WHERE job_id = 201`);
      assert.deepEqual(await touchedBy("DELETE FROM Integration_Runtimes"), [
        "environment:eastus",
        "job:201",
        "job:203",
      ]);
      assert.deepEqual(await touchedBy("DELETE FROM Data_Sources"), ["job:201"]);
    });
  });

  it("a deleted job is touched and takes its rows along, and they do not come back with it", async () => {
    await inShell(async ({ store, touchedBy }) => {
      assert.deepEqual(await touchedBy("DELETE FROM Jobs WHERE job_id = 201"), ["job:201"]);
      await touchedBy("INSERT INTO Jobs (job_id) VALUES (201)");
      const { policies, secretReferences, networkRules, clusterConfigs } = await store.loadJob(201);
      assert.deepEqual([policies, secretReferences, networkRules, clusterConfigs], [[], [], [], []]);
    });
  });

  it("a DELETE without a WHERE is seen for every job", async () => {
    await inShell(async ({ shell, touchedBy }) => {
      assert.deepEqual(await touchedBy("DELETE FROM Jobs"), ["job:201", "job:202", "job:203"]);
      assert.equal(shell.prepare("SELECT count(*) AS n FROM Access_Policies").get()?.n, 0);
    });
  });

  for (const { table, columns } of children)
    it(`a row of ${table} for a job that does not exist is refused`, async () => {
      await inShell(async ({ store, shell }) => {
        const values: Readonly<Record<string, string>> = { permissions: "'[]'", threshold: "1" };
        const select = columns.split(", ").map((column) => values[column] ?? "'x'");
        assert.throws(
          () => shell.exec(`INSERT INTO ${table} (job_id, ${columns}) VALUES (999, ${select.join(", ")})`),
          new RegExp(`${table}.job_id names a job that does not exist`),
        );
        assert.throws(() => shell.exec(`UPDATE ${table} SET job_id = 999`), /does not exist/);
        assert.deepEqual(await touched(store), []);
      });
    });

  it("the rows of a job follow to its new number, and both are touched", async () => {
    await inShell(async ({ store, touchedBy }) => {
      assert.deepEqual(await touchedBy("UPDATE Jobs SET job_id = 210 WHERE job_id = 201"), [
        "job:201",
        "job:210",
      ]);
      assert.equal((await store.loadJob(210)).clusterConfigs.length, 1);
      assert.equal((await store.loadJob(201)).clusterConfigs.length, 0);
    });
  });

  it("an environment that goes or is renamed touches the jobs that still name it", async () => {
    await inShell(async ({ store, touchedBy }) => {
      assert.deepEqual(await touchedBy("UPDATE Environments SET name = 'west2' WHERE name = 'westus'"), [
        "environment:west2",
        "environment:westus",
        "job:202",
      ]);
      assert.equal((await store.loadJob(202)).environment, null);
      assert.deepEqual(await touchedBy("UPDATE Environments SET name = 'westus' WHERE name = 'west2'"), [
        "environment:west2",
        "environment:westus",
        "job:202",
      ]);
      assert.deepEqual(await touchedBy("DELETE FROM Environments WHERE name = 'westus'"), [
        "environment:westus",
        "job:202",
      ]);
    });
  });
});

describe("sqlite: other ways to write", () => {
  it("OR clauses of a statement do not reach into the capture of its change", async () => {
    await inShell(async ({ store, touchedBy }) => {
      for (const or of ["OR IGNORE", "OR REPLACE", "OR FAIL", "OR ABORT", "OR ROLLBACK"]) {
        assert.deepEqual(await touchedBy(`UPDATE ${or} Jobs SET name = '${or}'`), [
          "job:201",
          "job:202",
          "job:203",
        ]);
        const before = await store.readChanges(10);
        await store.touch([{ kind: "job", jobId: 201 }]);
        assert.equal((await store.readChanges(10)).length, before.length);
      }
    });
  });

  it("an upsert touches the jobs of the row before and after", async () => {
    await inShell(async ({ store, touchedBy }) => {
      const key = (await store.loadJob(201)).policies[0]?.policy_id;
      const upsert = `INSERT INTO Access_Policies (policy_id, job_id, role, permissions, entra_id_group)
        VALUES (${key}, 202, 'Reader', '[]', 'ds_team') ON CONFLICT (policy_id) DO UPDATE SET job_id = 203`;
      assert.deepEqual(await touchedBy(upsert), ["job:201", "job:203"]);
    });
  });

  it("a key changed under the name rowid is seen like any update", async () => {
    await inShell(async ({ store, touchedBy }) => {
      await touchedBy(insertPolicy(202));
      const key = (await store.loadJob(202)).policies[0]?.policy_id;
      const sql = `UPDATE OR REPLACE Access_Policies SET rowid = ${key} WHERE job_id = 201`;
      assert.deepEqual(await touchedBy(sql), ["job:201", "job:202"]);
    });
  });

  it("recursive triggers on change nothing", async () => {
    await inShell(async ({ shell, touchedBy }) => {
      shell.exec("PRAGMA recursive_triggers = ON");
      assert.deepEqual(await touchedBy("INSERT OR REPLACE INTO Jobs (job_id) VALUES (201)"), ["job:201"]);
      assert.deepEqual(await touchedBy("DELETE FROM Jobs WHERE job_id = 201"), ["job:201"]);
    });
  });

  it("an entry that somebody wrote into Job_Changes by hand stops no later edit", async () => {
    await inShell(async ({ store, shell }) => {
      shell.exec("INSERT INTO Job_Changes (seq, job_id) VALUES (1000, 7)");
      shell.exec("INSERT INTO Job_Changes (job_id) VALUES (8)");
      shell.exec("UPDATE Jobs SET name = 'x' WHERE job_id = 201");
      assert.deepEqual(
        (await store.readChanges(10)).map(({ seq }) => seq),
        [1000, 1001, 1002],
      );
    });
  });

  it("what is not of its column's type is refused at the door", async () => {
    await inShell(async ({ shell }) => {
      assert.throws(
        () => shell.exec("UPDATE Jobs SET enabled = 'yes'"),
        /cannot store TEXT value in INTEGER/,
      );
      assert.throws(() => shell.exec("UPDATE Jobs SET enabled = 2"), /Jobs.enabled must be 0 or 1/);
      assert.throws(() => shell.exec("INSERT INTO Jobs (job_id) VALUES (9000000000)"), /32 bits/);
      assert.throws(() => shell.exec("UPDATE Environments SET is_default = 1"), /UNIQUE/);
    });
  });
});
