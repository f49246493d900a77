/** What each kind of fault does to a call of the engine. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openTestClouds, type TestClouds } from "./support/clouds.ts";
import { isUnavailable, type Properties } from "./support/provider-client.ts";
import { subscriptionId } from "./support/seed.ts";
import { grantType, groupType, makeGroup, openWorkspace } from "./support/world.ts";

const entraGroup = "azuread:index/group:Group";
const grantInputs = { model: "ml.models.job_201", principal: "ds_team", privileges: ["EXECUTE"] };

async function add(clouds: TestClouds, fault: Properties): Promise<Properties> {
  const { status, body } = await clouds.http("POST", "/sandbox/faults", fault);
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

const throttle = { kind: "throttle", retryAfterSeconds: 17, times: "forever" } as const;
const totals = async ({ http }: TestClouds): Promise<Properties[]> =>
  (await http("GET", "/sandbox/calls/totals")).body.value;

/** Waits until a fault has counted `calls` calls. */
async function seen(clouds: TestClouds, calls: number): Promise<void> {
  for (;;) {
    const [fault] = (await clouds.http("GET", "/sandbox/faults")).body.value;
    if (fault.seen >= calls) return;
    await sleep(5);
  }
}

/** `waiting` if a promise has not settled. */
const stateOf = (call: Promise<unknown>): Promise<string> =>
  Promise.race([call.then(() => "done"), sleep(50).then(() => "waiting")]);

describe("throttling", () => {
  it("Azure tells how long to wait in its own words, and lets go once cleared", async (t) => {
    const clouds = await openTestClouds(t);
    const made = await makeGroup(clouds.azure);
    await add(clouds, { type: "any", call: "any", ...throttle });
    const said = (kind: string): RegExp =>
      new RegExp(
        `^Error: Status=429 Code="SubscriptionRequestsThrottled" Message="Number of '${kind}' requests for subscription '${subscriptionId}' actor .* exceeded. Please try again after '17' seconds`,
      );
    await assert.rejects(makeGroup(clouds.azure, "two"), said("write"));
    await assert.rejects(clouds.azure.update(made, { ...made.inputs, tags: { a: "1" } }), said("write"));
    await assert.rejects(clouds.azure.read(made), said("read"));
    await assert.rejects(clouds.azure.delete(made), said("delete"));
    await clouds.http("DELETE", "/sandbox/faults");
    assert.equal((await clouds.azure.read(made))?.id, made.id);
  });

  it("Graph's and Databricks' words carry no time: it stands below them", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks } = await openWorkspace(clouds);
    await add(clouds, { type: "any", call: "any", ...throttle });
    await assert.rejects(clouds.azure.create(entraGroup, { displayName: "g", securityEnabled: true }), {
      message:
        "Creating group: unexpected status 429 (429 Too Many Requests) with error: TooManyRequests: Too many requests.\nRetry-After: 17",
    });
    await assert.rejects(
      databricks.create(grantType, grantInputs),
      /^Error: cannot create grant: Too many requests\. .*\nRetry-After: 17$/,
    );
    await assert.rejects(
      clouds.azure.invoke("azuread:index/getGroup:getGroup", { displayName: "ds_team" }),
      /^Error: Retrieving group: unexpected status 429 /,
    );
  });

  it("may be of one cloud only, and strikes no check unless it names it", async (t) => {
    const clouds = await openTestClouds(t);
    await add(clouds, { type: "databricks", call: "any", ...throttle });
    const { databricks } = await openWorkspace(clouds);
    assert.deepEqual((await databricks.check(grantType, grantInputs)).failures, []);
    await assert.rejects(databricks.create(grantType, grantInputs), /Too many requests/);
    assert.equal(
      await clouds.azure
        .invoke("azuread:index/getGroup:getGroup", { displayName: "ds_team" })
        .then(() => "found"),
      "found",
    );
  });
});

describe("refusals", () => {
  it("known codes come with their status and words", async (t) => {
    const clouds = await openTestClouds(t);
    for (const [code, said] of [
      ["AuthorizationFailed", /Status=403 .*does not have authorization to perform action/],
      ["RoleAssignmentExists", /Status=409 .*The role assignment already exists/],
      ["PrincipalNotFound", /Status=400 .*does not exist in the directory/],
      ["RetryableError", /Status=429 Code="RetryableError" Message="A retryable error occurred\."$/],
      ["503", /Status=503/],
    ] as const) {
      await add(clouds, { type: groupType, call: "create", code });
      await assert.rejects(makeGroup(clouds.azure), said, code);
    }
  });

  it("words that a kind cannot say are refused", async (t) => {
    const clouds = await openTestClouds(t);
    for (const wrong of [
      { kind: "drop", message: "x" },
      { kind: "hang", code: "x" },
      { kind: "error", seconds: 1 },
      { kind: "throttle", afterCommit: true },
      { kind: "drop", type: "Job", call: "lookup" },
      { kind: "drop", type: groupType, call: "invoke" },
      { times: "sometimes" },
    ]) {
      const body = { type: groupType, call: "create", ...wrong };
      assert.equal((await clouds.http("POST", "/sandbox/faults", body)).status, 400, JSON.stringify(wrong));
    }
  });
});

describe("a hang", () => {
  it("holds one call back until it is cleared, and nothing else", async (t) => {
    const clouds = await openTestClouds(t);
    const { faultId } = await add(clouds, { type: groupType, call: "create", kind: "hang" });
    const hanging = makeGroup(clouds.azure, "slow");
    await seen(clouds, 1);
    await makeGroup(clouds.azure, "quick");
    assert.equal(await stateOf(hanging), "waiting");
    const names = async () =>
      (await clouds.http("GET", "/sandbox/objects?type=ResourceGroup")).body.value.map(
        (each: Properties) => each.name,
      );
    assert.ok(!(await names()).includes("slow"));
    await clouds.http("DELETE", `/sandbox/faults/${faultId}`);
    await hanging;
    assert.ok((await names()).includes("slow"));
  });

  it("after the commit, only the answer is held back", async (t) => {
    const clouds = await openTestClouds(t);
    await add(clouds, { type: groupType, call: "create", kind: "hang", afterCommit: true });
    const hanging = makeGroup(clouds.azure);
    await seen(clouds, 1);
    assert.deepEqual(await totals(clouds), [{ type: groupType, call: "create", result: "ok", total: 1 }]);
    assert.equal(await stateOf(hanging), "waiting");
    await clouds.http("DELETE", "/sandbox/faults");
    await hanging;
  });

  it("of some seconds slows calls down", async (t) => {
    const clouds = await openTestClouds(t);
    await add(clouds, { type: "any", call: "any", kind: "hang", seconds: 0.2, times: "forever" });
    const started = performance.now();
    await Promise.all([makeGroup(clouds.azure, "a"), makeGroup(clouds.azure, "b")]);
    assert.ok(performance.now() - started >= 195);
  });

  it("ends with the clouds that stop, and is not carried out", async (t) => {
    const clouds = await openTestClouds(t);
    await add(clouds, { type: groupType, call: "create", kind: "hang" });
    const hanging = assert.rejects(makeGroup(clouds.azure), isUnavailable);
    await seen(clouds, 1);
    await clouds.http("POST", "/sandbox/stop");
    await hanging;
  });
});

describe("a drop", () => {
  it("cuts the connection of its caller before the work; others keep theirs", async (t) => {
    const clouds = await openTestClouds(t);
    const other = await clouds.databricks({});
    await add(clouds, { type: groupType, call: "create", kind: "drop" });
    await assert.rejects(makeGroup(clouds.azure), isUnavailable);
    assert.deepEqual(await totals(clouds), [{ type: groupType, call: "create", result: "failed", total: 1 }]);
    await makeGroup(other);
  });

  it("after the commit, the work is done", async (t) => {
    const clouds = await openTestClouds(t);
    await add(clouds, { type: groupType, call: "create", kind: "drop", afterCommit: true });
    await assert.rejects(makeGroup(clouds.azure), isUnavailable);
    assert.deepEqual(await totals(clouds), [{ type: groupType, call: "create", result: "ok", total: 1 }]);
  });

  it("is for good: a provider that died does not come back, unlike one that is started anew", async (t) => {
    const clouds = await openTestClouds(t);
    const { databricks, workspace } = await openWorkspace(clouds);
    await add(clouds, { type: grantType, call: "create", kind: "drop" });
    await assert.rejects(databricks.create(grantType, grantInputs), isUnavailable);
    await assert.rejects(databricks.create(grantType, grantInputs), isUnavailable);
    const anew = await clouds.databricks({ host: workspace.outputs.workspaceUrl });
    await anew.create(grantType, grantInputs);
  });

  it("takes the other calls of that connection along", async (t) => {
    const clouds = await openTestClouds(t);
    await add(clouds, { type: groupType, call: "create", kind: "hang" });
    const hanging = assert.rejects(makeGroup(clouds.azure, "hangs"), isUnavailable);
    await seen(clouds, 1);
    await add(clouds, { type: groupType, call: "create", kind: "drop" });
    await assert.rejects(makeGroup(clouds.azure, "cut"), isUnavailable);
    await hanging;
    await clouds.http("DELETE", "/sandbox/faults");
    // a caller that is gone gets nothing made, even where its call could go on now
    await makeGroup(await clouds.databricks({}), "other");
    assert.deepEqual(
      (await totals(clouds)).map(({ result, total }) => [result, total]),
      [
        ["failed", 1],
        ["ok", 1],
      ],
    );
  });
});
