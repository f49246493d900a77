import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import {
  checkpointFile,
  makeStackFiles,
  readSalt,
  removeWorkspace,
  type StateFolder,
  stackExists,
  workspaceFolder,
} from "../../../automation/engine/stack-files.ts";

const stack = "job-eastus-201";

describe("the files of a stack", () => {
  let folder: string;
  let state: StateFolder;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "rowgate files "));
    state = { backend: path.join(folder, "backend"), workspaces: path.join(folder, "workspaces") };
  });
  after(() => rm(folder, { recursive: true }));

  it("are an empty checkpoint and settings with the home's salt", async () => {
    assert.equal(stackExists(state, stack), false);
    await makeStackFiles(state, stack, "v1:abc=:v1:def");
    assert.equal(stackExists(state, stack), true);
    assert.deepEqual(JSON.parse(await readFile(checkpointFile(state, stack), "utf8")), {
      version: 3,
      checkpoint: { stack: `organization/rowgate/${stack}` },
    });
    const settings = path.join(workspaceFolder(state, stack), `Pulumi.${stack}.yaml`);
    assert.equal(await readSalt(settings), "v1:abc=:v1:def");
  });

  it("keep the state that is there, and get lost settings back", async () => {
    await writeFile(checkpointFile(state, stack), "state");
    await removeWorkspace(state, stack);
    assert.equal(existsSync(workspaceFolder(state, stack)), false);
    await makeStackFiles(state, stack, "v1:abc=:v1:def");
    assert.equal(await readFile(checkpointFile(state, stack), "utf8"), "state");
    assert.ok(existsSync(workspaceFolder(state, stack)));
  });

  it("can be removed when they are gone already", async () => {
    await removeWorkspace(state, "job-eastus-999");
  });
});

describe("the salt", () => {
  it("that a settings file lacks is a fault that names the file", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "rowgate-salt-"));
    const file = path.join(folder, "encryption-salt.yaml");
    await writeFile(file, "config: {}\n");
    await assert.rejects(readSalt(file), (fault: Error) => fault.message.includes(file));
    await rm(folder, { recursive: true });
  });
});
