/** The store on the server of METADATA_TEST_MSSQL_URL; without one each case counts as skipped. */
import { after, before } from "node:test";
import { openStore } from "../../metadata-schema/open-store.ts";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { openTestDatabase, type TestDatabase } from "../support/mssql-database.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreKit } from "./conformance/kit.ts";
import { runStoreConformance } from "./store-conformance.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
let database: TestDatabase | null = null;

before(async () => {
  if (serverUrl !== "") database = await openTestDatabase(serverUrl);
});
after(async () => {
  await database?.close();
});

async function openKit(): Promise<StoreKit> {
  if (database === null) throw new Error("The test database was not opened.");
  const { url, clear, connect } = database;
  await clear();
  const clock = new TestClock();
  const store = await openStore({ url, clock });
  const outside = await connect();
  const handles: MetadataStore[] = [store];
  const secondHandle = async () => {
    const handle = await openStore({ url, clock });
    handles.push(handle);
    return handle;
  };
  const closeHandles = async () => {
    for (const handle of handles) await handle.close();
  };
  return {
    store,
    raw: outside.execute,
    query: outside.query,
    reopen: async () => {
      await closeHandles();
      return await secondHandle();
    },
    secondHandle,
    clock,
    close: async () => {
      await outside.close();
      await closeHandles();
    },
  };
}

runStoreConformance("mssql", openKit, serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set");
