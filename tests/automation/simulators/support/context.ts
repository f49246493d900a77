import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Background } from "../../../../automation/simulators/background.ts";
import type { CallContext } from "../../../../automation/simulators/resource-type.ts";
import { openTenant } from "../../../../automation/simulators/seed.ts";
import { Store } from "../../../../automation/simulators/store.ts";
import { Hangs } from "../../../../automation/simulators/strike.ts";
import { Throttle } from "../../../../automation/simulators/throttle.ts";
import { resourceTypes } from "../../../../automation/simulators/types.ts";
import { UnderWay } from "../../../../automation/simulators/under-way.ts";

/** What a call of the simulated clouds works with, without the clouds: an empty tenant in a file of its own. */
export async function openContext(test: TestContext): Promise<CallContext> {
  const folder = await mkdtemp(join(tmpdir(), "context-"));
  const store = new Store(join(folder, "clouds.db"));
  test.after(async () => {
    store.close();
    await rm(folder, { recursive: true });
  });
  return {
    store,
    hangs: new Hangs(),
    underWay: new UnderWay(),
    throttle: new Throttle(),
    background: new Background(),
    tenant: openTenant(store, () => undefined),
    config: {},
    types: resourceTypes,
  };
}
