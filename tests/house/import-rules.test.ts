/** The import rules hold, and would fail: each planted breach is found under the name of its rule. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { checkout } from "../support/service.ts";

const cruiser = path.join(checkout, "node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");

/** Names of the rules that are broken in a room. */
async function broken(...rooms: readonly string[]): Promise<readonly string[]> {
  const run = promisify(execFile)(process.execPath, [cruiser, "--output-type", "json", ...rooms], {
    cwd: checkout,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { stdout } = await run.catch((fault: { stdout: string }) => fault);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))];
}

const breaches = [
  ["metadata-schema-imports-no-other-room", "metadata-schema/planted.ts", "../program/layout/names.ts"],
  ["drivers-only-inside-stores", "automation/reconcile/planted.ts", "node:sqlite"],
  ["layout-and-policies-are-pure", "program/layout/planted.ts", "../outputs.ts"],
  ["no-pulumi-in-pure-rooms", "automation/http/planted.ts", "@pulumi/pulumi"],
  ["program-knows-specs-only", "program/planted.ts", "../metadata-schema/store.ts"],
  ["queue-and-reconcile", "automation/queue/planted.ts", "../http/routes.ts"],
  ["http", "automation/http/planted.ts", "../queue/task-pool.ts"],
  ["cli", "automation/cli/planted.ts", "../../metadata-schema/open-migrations.ts"],
  ["nobody-imports-simulators", "automation/planted.ts", "./simulators/main.ts"],
  ["only-the-generator-reads-the-sdks", "automation/simulators/planted.ts", "./declared/declare.ts"],
  ["only-server-imports-express", "automation/http/planted.ts", "express"],
  ["observe", "automation/observe/planted.ts", "../queue/task-pool.ts"],
  ["only-otlp-loads-opentelemetry", "automation/observe/planted.ts", "./otlp.ts"],
  ["nobody-imports-tests", "automation/planted.ts", "../tests/support/service.ts"],
] as const;

describe("import rules", () => {
  it("hold everywhere", async () => {
    assert.deepEqual(await broken("automation", "program", "metadata-schema", "tests"), []);
  });

  for (const [rule, file, imported] of breaches) {
    it(`${rule} finds ${path.dirname(file)} importing ${imported}`, async () => {
      const planted = path.join(checkout, file);
      await writeFile(
        planted,
        `import * as planted from ${JSON.stringify(imported)};\nconsole.log(planted);\n`,
      );
      try {
        assert.ok((await broken(file)).includes(rule));
      } finally {
        await rm(planted);
      }
    });
  }
});
