/** The mssql store on a server that it loses, behind a proxy that loses connections; skipped without a server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { openMssqlStore } from "../../metadata-schema/stores/mssql/store.ts";
import { openTestDatabase, type TestConnection, type TestDatabase } from "../support/mssql-database.ts";
import { isCommit, type Moment, openTdsProxy, says, type TdsProxy } from "../support/tds-proxy.ts";
import { acquired, desired, leaseRequest } from "./conformance/kit.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";

interface Bench {
  readonly database: TestDatabase;
  readonly proxy: TdsProxy;
  readonly store: MetadataStore;
  /** past the proxy */
  readonly outside: TestConnection;
}
let bench: Bench;

const openStore = (retryForMs?: number): Promise<MetadataStore> =>
  openMssqlStore({
    url: bench.proxy.url,
    clock: null,
    ...(retryForMs === undefined ? {} : { retryForMs }),
  });

before(async () => {
  if (serverUrl === "") return;
  const database = await openTestDatabase(serverUrl);
  const proxy = await openTdsProxy(database.url);
  const store = await openMssqlStore({ url: proxy.url, clock: null });
  bench = { database, proxy, store, outside: await database.connect() };
});
after(async () => {
  if (serverUrl === "") return;
  await bench.outside.close();
  await bench.store.close();
  await bench.proxy.close();
  await bench.database.close();
});

const fact = (name: string, run: (bench: Bench) => Promise<void>): void => {
  it(name, { skip }, async () => {
    await bench.database.clear();
    await run(bench);
  });
};

const insertJob = ({ store }: Bench): Promise<void> =>
  store.insertRows([{ table: "Jobs", values: { job_id: 201, name: "churn" } }]);

async function assertOneJob({ outside }: Bench): Promise<void> {
  const [counts] = await outside.query(`SELECT (SELECT COUNT(*) FROM Jobs) AS jobs,
    (SELECT COUNT(*) FROM Audit_Logs WHERE table_name = 'Jobs') AS events`);
  assert.deepEqual({ ...counts }, { jobs: 1, events: 1 });
}

/** Says what the proxy does, and that it did it. */
async function losing(
  proxy: TdsProxy,
  isMeant: Parameters<TdsProxy["loseAt"]>[0],
  moment: Moment,
  work: () => Promise<void>,
): Promise<void> {
  proxy.loseAt(isMeant, moment);
  await work();
  assert.ok(proxy.hasLost, "the proxy lost a connection");
}

/** `error` names server and database, and no password. */
function isClear(error: unknown, address: string): boolean {
  assert.ok(error instanceof Error);
  assert.match(error.message, /^The metadata database .* (does not answer|cannot be opened): /);
  assert.ok(error.message.includes(address), error.message);
  const password = /:([^:@/]+)@/.exec(serverUrl)?.[1] ?? "";
  assert.ok(password !== "" && !error.message.includes(decodeURIComponent(password)));
  return true;
}

const words: Readonly<Record<Moment, string>> = {
  before: "before it reaches the server",
  after: "before it is answered",
  midway: "in the middle of its answer",
};
const moments = Object.keys(words) as readonly Moment[]; // its keys

describe("mssql: a connection that is lost", () => {
  for (const moment of moments) {
    fact(`a read whose connection is lost ${words[moment]} is answered`, async (all) => {
      await insertJob(all);
      await losing(all.proxy, says("FROM Jobs"), moment, async () => {
        assert.deepEqual(
          (await all.store.listJobs()).map((job) => job.job_id),
          [201],
        );
      });
      await losing(all.proxy, says("FROM Jobs"), moment, async () => {
        assert.equal((await all.store.loadJob(201)).job?.name, "churn");
      });
    });

    fact(`a write whose statement is lost ${words[moment]} is done once`, async (all) => {
      await losing(all.proxy, says("INSERT INTO Jobs"), moment, () => insertJob(all));
      await assertOneJob(all);
    });

    fact(`a write whose commit is lost ${words[moment]} is done once`, async (all) => {
      await losing(all.proxy, isCommit, moment, () => insertJob(all));
      await assertOneJob(all);
    });

    fact(`a lease whose commit is lost ${words[moment]} is taken once`, async ({ proxy, store }) => {
      await store.setDesired("platform-eastus", 1, desired(), "normal", null);
      await losing(proxy, isCommit, moment, async () => {
        const { lease } = acquired(await store.acquireLease(leaseRequest("platform-eastus")));
        assert.equal(lease.epoch, 1);
        await store.renewLease(lease, 30_000);
      });
    });
  }

  fact("idle connections that are lost disturb nobody", async ({ proxy, store }) => {
    const readMany = () => Promise.all(Array.from({ length: 12 }, () => store.listJobs()));
    await readMany();
    proxy.drop();
    await sleep(50);
    assert.equal((await readMany()).length, 12);
    proxy.drop();
    // At once: the store has not been told yet that they are gone.
    assert.equal((await readMany()).length, 12);
  });
});

describe("mssql: a database that is away", () => {
  fact("calls wait for one that is away for three seconds", async (all) => {
    const start = performance.now();
    all.proxy.goAway();
    const back = sleep(3_000).then(() => all.proxy.comeBack());
    const calls = await Promise.all([insertJob(all), all.store.now(), all.store.listStacks()]);
    assert.ok(performance.now() - start >= 3_000);
    await back;
    assert.deepEqual(calls[2], []);
    await assertOneJob(all);
  });

  fact(
    "a commit's answer that was lost with the whole database is asked for when it is back",
    async (all) => {
      const { proxy } = all;
      proxy.loseAt(isCommit, "after");
      const written = insertJob(all);
      while (!proxy.hasLost) await sleep(5);
      // What the server answers to the commit comes a moment later, and is lost by then.
      await sleep(1_000);
      proxy.goAway();
      await sleep(1_500);
      await proxy.comeBack();
      await written;
      await assertOneJob(all);
    },
  );

  fact(
    "one that stays away is a clear error, and the store works again when it is back",
    async ({ proxy }) => {
      const store = await openStore(1_000);
      proxy.goAway();
      const isClearHere = (error: unknown) => isClear(error, proxy.address);
      await assert.rejects(store.listJobs(), isClearHere);
      await assert.rejects(store.now(), isClearHere);
      await assert.rejects(store.touch([{ kind: "job", jobId: 201 }]), isClearHere);
      await assert.rejects(openStore(500), isClearHere);
      await proxy.comeBack();
      assert.deepEqual(await store.listJobs(), []);
      await store.touch([{ kind: "job", jobId: 201 }]);
      assert.equal((await store.readChanges(10)).length, 1);
      await store.close();
    },
  );

  fact("a store opens when the database comes back in time", async ({ proxy }) => {
    proxy.goAway();
    const opening = openStore();
    await sleep(1_000);
    await proxy.comeBack();
    const store = await opening;
    assert.deepEqual(await store.listStacks(), []);
    await store.close();
  });

  fact("a ping fails at once, and succeeds when it is back", async ({ proxy, store }) => {
    await store.ping();
    proxy.goAway();
    const start = performance.now();
    await assert.rejects(store.ping(), (error: unknown) => isClear(error, proxy.address));
    assert.ok(performance.now() - start < 1_000);
    await proxy.comeBack();
    await store.ping();
  });

  fact("a ping of one that is silent fails within seconds", async ({ proxy }) => {
    const store = await openStore();
    proxy.fallSilent();
    const start = performance.now();
    await assert.rejects(store.ping(), /no answer within 5 s/);
    assert.ok(performance.now() - start < 7_000);
    proxy.goAway();
    await proxy.comeBack();
    await store.ping();
    await store.close();
  });
});
