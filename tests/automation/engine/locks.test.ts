import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { describe, it } from "node:test";
import { areOurDeadLocks } from "../../../automation/engine/locks.ts";

const at = "2026-03-01T08:00:10Z";
const lockedAfter = "2026-03-01T08:00:00.000Z";
const deadPid = spawnSync("true").pid;
const lock = (host: string, pid: number) => [{ user: "root", host, pid, at }];
const engine = (host: string, pid: number | null, after = lockedAfter) => [{ host, pid, lockedAfter: after }];

describe("a lock may be cleared", () => {
  it("of a recorded engine that is gone, also where its host's clock is behind the database's", () => {
    assert.ok(areOurDeadLocks(lock(hostname(), deadPid), engine(hostname(), deadPid)));
    assert.ok(
      areOurDeadLocks(lock(hostname(), deadPid), engine(hostname(), deadPid, "2026-03-01T08:00:40.000Z")),
    );
    assert.ok(areOurDeadLocks(lock("other", 7), engine("other", 7)), "its lease has passed");
  });

  it("of an engine that died unrecorded here, if nobody has its number", () => {
    assert.ok(areOurDeadLocks(lock(hostname(), deadPid), engine(hostname(), null)));
  });
});

describe("a lock is left alone", () => {
  it("whose process is alive, though a dead engine of ours once had its number", () => {
    assert.equal(areOurDeadLocks(lock(hostname(), process.pid), engine(hostname(), process.pid)), false);
    assert.equal(areOurDeadLocks(lock(hostname(), process.pid), engine(hostname(), null)), false);
  });

  it("of another host whose process was never recorded: it can't be looked for from here", () => {
    assert.equal(areOurDeadLocks(lock("other", deadPid), engine("other", null)), false);
  });

  it("of another process, another host, or another time", () => {
    assert.equal(areOurDeadLocks(lock(hostname(), deadPid), engine(hostname(), deadPid + 1)), false);
    assert.equal(areOurDeadLocks(lock("other", 7), engine(hostname(), 7)), false);
    assert.equal(areOurDeadLocks(lock("other", 7), engine("other", 7, "2026-03-01T08:05:00.000Z")), false);
    assert.equal(areOurDeadLocks([], engine("other", 7)), false);
  });
});
