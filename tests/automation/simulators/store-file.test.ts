/** The store's file over versions, and how far it grows. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import {
  type CallEntry,
  listCalls,
  listCallTotals,
  logCall,
  newestKept,
} from "../../../automation/simulators/calls.ts";
import { addFault, countCall, listFaults } from "../../../automation/simulators/faults.ts";
import { Store } from "../../../automation/simulators/store.ts";
import { groupType } from "./support/world.ts";

async function storeFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "store-"));
  t.after(() => rm(folder, { recursive: true }));
  return path.join(folder, "clouds.db");
}

const entry: CallEntry = {
  call: "create",
  type: groupType,
  name: "it",
  id: "/x",
  stack: "tests/dev",
  result: "ok",
  message: null,
};

describe("the store's file", () => {
  it("of the first version is brought up to date: its faults count on, its calls have totals", async (t) => {
    const file = await storeFile(t);
    const old = new DatabaseSync(file);
    old.exec(`
      create table faults (fault_id integer primary key autoincrement, type text not null, call text not null,
        nth integer not null, times integer not null, code text not null, message text not null,
        after_commit integer not null, seen integer not null default 0);
      create table calls (seq integer primary key autoincrement, at text not null, call text not null,
        type text not null, name text not null, id text not null, stack text not null, result text not null,
        message text);
      insert into faults values (7, '${groupType}', 'create', 3, 2, 'Conflict', 'busy', 1, 1);
      insert into calls values (1, 'then', 'create', '${groupType}', 'it', '/x', 's', 'ok', null);`);
    old.close();
    const store = new Store(file);
    const [fault] = listFaults(store);
    assert.deepEqual(
      [fault?.faultId, fault?.kind, fault?.remaining, fault?.message, fault?.afterCommit],
      [7, "error", 2, "busy", true],
    );
    assert.equal(countCall(store, groupType, "create"), undefined);
    assert.equal(countCall(store, groupType, "create")?.faultId, 7);
    logCall(store, entry);
    assert.deepEqual(listCallTotals(store), [{ type: groupType, call: "create", result: "ok", total: 2 }]);
    store.close();
    const again = new Store(file);
    assert.equal(listFaults(again)[0]?.seen, 3, "a second opening changes nothing");
    again.close();
  });

  it("keeps the newest calls only, and the totals of all", async (t) => {
    const store = new Store(await storeFile(t));
    for (let seq = 1; seq <= 10; seq++) logCall(store, entry);
    store.run(
      "insert into calls select ?, at, call, type, name, id, stack, result, message from calls where seq = 1",
      newestKept + 5,
    );
    logCall(store, entry);
    assert.deepEqual(
      listCalls(store).map(({ seq }) => seq),
      [7, 8, 9, 10, newestKept + 5, newestKept + 6],
    );
    assert.equal(listCallTotals(store)[0]?.total, 11);
    store.close();
  });

  it("a fault that lasts forever counts on, and the oldest fault strikes first", async (t) => {
    const store = new Store(await storeFile(t));
    const fault = { type: "any", call: "any", nth: 2, code: null, message: null, seconds: null } as const;
    const more = { retryAfterSeconds: 5, afterCommit: false } as const;
    addFault(store, { ...fault, ...more, kind: "throttle", times: "forever" });
    addFault(store, { ...fault, ...more, kind: "error", nth: 1, times: 1 });
    const struck = () => countCall(store, groupType, "read")?.kind;
    assert.deepEqual([struck(), struck(), struck()], ["error", "throttle", "throttle"]);
    assert.deepEqual(
      listFaults(store).map(({ remaining, seen }) => [remaining, seen]),
      [
        ["forever", 3],
        [0, 3],
      ],
    );
    assert.equal(countCall(store, groupType, "check"), undefined);
    store.close();
  });
});
