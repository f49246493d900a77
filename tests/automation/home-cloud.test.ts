import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { ServiceError } from "../../automation/errors.ts";
import { claimHomeCloud } from "../../automation/home-cloud.ts";

async function openHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(path.join(tmpdir(), "rowgate-cloud-"));
  t.after(() => rm(home, { recursive: true }));
  return home;
}

const isChanged = (fault: unknown): boolean => fault instanceof ServiceError && fault.code === "CloudChanged";

describe("the cloud of a home", () => {
  it("is the one that it was first started with, for good", async (t) => {
    for (const [first, other] of [
      ["azure", "sandbox"],
      ["sandbox", "azure"],
    ] as const) {
      const home = await openHome(t);
      await claimHomeCloud(home, first);
      await claimHomeCloud(home, first);
      await assert.rejects(claimHomeCloud(home, other), isChanged);
    }
  });

  it("is the sandbox where simulated clouds have run before", async (t) => {
    const home = await openHome(t);
    await mkdir(path.join(home, "clouds"));
    await assert.rejects(claimHomeCloud(home, "azure"), isChanged);
    await claimHomeCloud(home, "sandbox");
  });
});
