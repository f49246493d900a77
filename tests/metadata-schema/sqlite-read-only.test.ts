/** A file that the process may not write, and then may. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { openStore } from "../../metadata-schema/open-store.ts";
import { openTempStore } from "../support/temp-store.ts";
import { job, seed, touched } from "./conformance/kit.ts";

/** To root no file is read-only; work that it does as nobody meets one. */
async function withoutRoot<T>(work: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  assert.ok(user !== undefined, "a system with user ids");
  if (user !== 0) return await work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("sqlite: a read-only file", () => {
  it("is read; a write says what is wrong, and the same handle writes once it may", async () => {
    const temp = await openTempStore();
    await seed(temp.store);
    await temp.store.touch([job(203)]);
    await temp.store.close();
    chmodSync(temp.folder, 0o777);
    chmodSync(temp.file, 0o444);
    const store = await withoutRoot(() => openStore({ url: temp.url }));
    await withoutRoot(async () => {
      for (let attempt = 0; attempt < 2; attempt += 1)
        await assert.rejects(
          store.touch([job(201)]),
          /^Error: The metadata database .* is read-only for this process \(user id [1-9]\d*\)\. Give it the right/,
        );
      await assert.rejects(store.ping(), /is read-only for this process/);
      assert.deepEqual(await touched(store), ["job:203"]);
    });

    for (const name of readdirSync(temp.folder)) chmodSync(path.join(temp.folder, name), 0o666);
    await withoutRoot(async () => {
      await assert.rejects(store.ping(), /is read-only/, "this one opens the file again");
      await store.ping();
      await store.touch([job(201)]);
      assert.deepEqual(await touched(store), ["job:201", "job:203"]);
      await store.close();
    });
    await rm(temp.folder, { recursive: true });
  });

  it("that is moved away is not made anew", async () => {
    const temp = await openTempStore();
    await seed(temp.store);
    await temp.store.close();
    chmodSync(temp.folder, 0o777);
    chmodSync(temp.file, 0o444);
    const store = await withoutRoot(() => openStore({ url: temp.url }));
    await rename(temp.file, `${temp.file}.old`);
    await withoutRoot(async () => {
      for (let attempt = 0; attempt < 2; attempt += 1) await assert.rejects(store.touch([job(201)]));
      await assert.rejects(store.ping(), /was moved, deleted or replaced/);
      assert.equal((await store.getJob(201))?.name, "churn", "what was open still reads");
    });
    assert.equal(existsSync(temp.file), false);
    await store.close();
    await rm(temp.folder, { recursive: true });
  });
});
