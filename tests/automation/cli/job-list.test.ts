/** Every job is listed, whatever its number, and each one listed can be asked for. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { jobId } from "../../../automation/cli/command-context.ts";
import { readJob, readJobs } from "../../../automation/cli/job-list.ts";
import { openService, type ServiceClient } from "../../../automation/cli/service-client.ts";
import { job } from "../../support/small-rows.ts";
import { type HttpKit, openHttpKit } from "../http/http-kit.ts";

// More than the service gives at once.
const ids = [-2_147_483_648, -5, 0, ...Array.from({ length: 600 }, (_, index) => index + 1)];

describe("jobs as commands read them", () => {
  let kit: HttpKit;
  let service: ServiceClient;
  before(async () => {
    kit = await openHttpKit([]);
    await kit.store.insertRows(ids.map((id) => job(id)));
    service = await openService("", { ROWGATE_URL: kit.url });
  });
  after(() => kit.close());

  it("all are listed, by id", async () => {
    assert.deepEqual(
      (await readJobs(service)).map((each) => each.jobId),
      ids,
    );
  });

  it("one is found by its number, and no other for it", async () => {
    for (const id of [-2_147_483_648, -5, 0, 1]) assert.equal((await readJob(service, id))?.jobId, id);
    for (const id of [-6, -1, 601]) assert.equal(await readJob(service, id), null);
  });

  it("a number is typed as it is listed", () => {
    for (const id of [-2_147_483_648, -5, 0, 201]) assert.equal(jobId(String(id)), id);
    for (const text of ["", "-", "x", "1.5", "0x10", "9007199254740993"])
      assert.throws(() => jobId(text), /like 201/, text);
  });
});
