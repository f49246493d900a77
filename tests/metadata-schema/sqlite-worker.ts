/**
 * A process of its own for tests that need one: `node sqlite-worker.ts <url> <task>`. Tasks: `open` opens the
 * store; `edit` makes 50 edits; `work` takes every lease that it can get. What it did is printed as JSON.
 */
import { openStore } from "../../metadata-schema/open-store.ts";
import { job, leaseRequest, success } from "./conformance/kit.ts";

const [, , url = "", task = ""] = process.argv;
const store = await openStore({ url });
const done: string[] = [];
if (task === "edit") {
  for (let edit = 0; edit < 50; edit += 1) {
    await store.touch([job(process.pid)]);
    const own = (await store.readChanges(1_000)).find(
      ({ subject }) => subject.kind === "job" && subject.jobId === process.pid,
    );
    done.push(String(own?.seq));
  }
}
if (task === "work") {
  for (let items = await store.listWork(5); items.length > 0; items = await store.listWork(5)) {
    for (const { stack } of items) {
      const runId = `${process.pid}-${stack.stack}`;
      const result = await store.acquireLease(leaseRequest(stack.stack, { runId }));
      if (result.status === "none") continue;
      await store.settleRun(result.lease, success());
      done.push(stack.stack);
    }
  }
}
await store.close();
process.stdout.write(JSON.stringify(done));
