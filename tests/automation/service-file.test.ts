import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { readServiceUrl, writeServiceFile } from "../../automation/service-file.ts";

const url = "http://127.0.0.1:8123";

describe("the file that says where the service answers", () => {
  let home: string;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), "rowgate-"));
    file = path.join(home, "service.json");
  });
  afterEach(() => rm(home, { recursive: true }));

  it("names url and process, for its owner alone, and is gone with the service", async () => {
    const written = await writeServiceFile(home, url);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { url, pid: process.pid });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal(await readServiceUrl(home), url);
    await written.remove();
    assert.deepEqual(await readdir(home), []);
    assert.equal(await readServiceUrl(home), null);
  });

  it("replaces what a killed service has left", async () => {
    await writeServiceFile(home, "http://127.0.0.1:1");
    await writeServiceFile(home, url);
    assert.equal(await readServiceUrl(home), url);
  });

  it("that is damaged, or says no address, counts as none", async () => {
    for (const text of ["", "{", "null", "[]", '{"pid":7}', '{"url":8123}']) {
      await writeFile(file, text);
      assert.equal(await readServiceUrl(home), null, text);
    }
  });
});
