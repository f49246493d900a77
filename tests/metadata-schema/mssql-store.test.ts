/** The store on the server of METADATA_TEST_MSSQL_URL; without one each case counts as skipped. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { openMssqlStore } from "../../metadata-schema/stores/mssql/store.ts";
import { openTestDatabase, type TestDatabase } from "../support/mssql-database.ts";
import { shapeOf } from "../support/mssql-shapes.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreKit } from "./conformance/kit.ts";
import { sentByScenarios } from "./mssql-scenarios.ts";
import { runStoreConformance } from "./store-conformance.ts";

const serverUrl = process.env.METADATA_TEST_MSSQL_URL ?? "";
const skip = serverUrl === "" && "METADATA_TEST_MSSQL_URL is not set";
/** Shapes of the statements that the server was sent. */
const run = new Set<string>();
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
  const open = () => openMssqlStore({ url, clock, onStatement: (statement) => run.add(shapeOf(statement)) });
  const store = await open();
  const outside = await connect();
  const handles: MetadataStore[] = [store];
  const secondHandle = async () => {
    const handle = await open();
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

runStoreConformance("mssql", openKit, skip);

// Last: it looks back at the cases above.
describe("mssql: statements", () => {
  it("every statement of the store was run by the cases", { skip }, async () => {
    const all = (await sentByScenarios()).flatMap(({ method, sent }) =>
      sent.map(({ text }) => [shapeOf(text), method] as const),
    );
    const never = [...new Map(all)].filter(([shape]) => !run.has(shape));
    assert.deepEqual(
      never.map(([shape, method]) => `${method}: ${shape}`),
      [],
    );
  });
});
