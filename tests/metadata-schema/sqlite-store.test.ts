import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../metadata-schema/open-store.ts";
import type { MetadataStore } from "../../metadata-schema/store.ts";
import { openTempStore } from "../support/temp-store.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreKit } from "./conformance/kit.ts";
import { runStoreConformance } from "./store-conformance.ts";

async function openKit(): Promise<StoreKit> {
  const clock = new TestClock();
  const temp = await openTempStore({ clock });
  const outside = new DatabaseSync(temp.file);
  const handles: MetadataStore[] = [];
  const secondHandle = async () => {
    const store = await openStore({ url: temp.url, clock });
    handles.push(store);
    return store;
  };
  return {
    store: temp.store,
    raw: async (sql) => outside.exec(sql),
    query: async (sql) => outside.prepare(sql).all(),
    reopen: async () => {
      await temp.store.close();
      for (const handle of handles) await handle.close();
      return await secondHandle();
    },
    secondHandle,
    clock,
    close: async (options) => {
      outside.close();
      for (const handle of handles) await handle.close();
      await temp.close(options);
    },
  };
}

runStoreConformance("sqlite", openKit);
