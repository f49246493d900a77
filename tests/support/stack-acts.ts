/** What tests do with one stack of a running service: look at it, put it right, edit rows and see what that ran. */
import assert from "node:assert/strict";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openStore } from "../../metadata-schema/open-store.ts";
import type { NewRow } from "../../metadata-schema/store.ts";
import { type CloudObject, type TestService, until } from "./service.ts";

export interface StackRun {
  readonly runId: string;
  readonly stack: string;
  readonly kind: string;
  readonly status: string;
  readonly changes: Readonly<Record<string, number>>;
  readonly failure: { readonly message: string } | null;
}

/** Short name of a type: `Vault` of `azure-native:keyvault:Vault`. */
export const shortType = (token: string): string => token.split(":").at(-1) ?? token;

/** Rows added beside the running service. */
export async function insertRows(service: TestService, rows: readonly NewRow[]): Promise<void> {
  const store = await openStore({ url: `sqlite:${path.join(service.home, "metadata.db")}` });
  await store.insertRows(rows);
  await store.close();
}

/** Asks for an action on one stack, and waits for its run. */
export async function act(
  service: TestService,
  stack: string,
  action: "refresh" | "preview" | "reconcile",
): Promise<StackRun> {
  const response = await service.fetch(`/api/stacks/${stack}/${action}`, { method: "POST" });
  assert.equal(response.status, 202, await response.clone().text());
  const { request } = (await response.json()) as { request: string };
  const route = `/api/requests/${request}`;
  await until(`${action} of ${stack}`, async () => (await service.fetch(route)).status === 200);
  const { runs } = await service.get<{ runs: readonly StackRun[] }>(route);
  return runs[0] ?? assert.fail(`${action} of ${stack} had no run`);
}

export async function isDrifted(service: TestService, stack: string): Promise<boolean> {
  type Told = { readonly drifted: { readonly status: string } | null };
  return (await service.get<Told>(`/api/stacks/${stack}`)).drifted?.status === "True";
}

/** What a run did: `update Job`, sorted; components and providers are no objects. */
export async function stepsOf(service: TestService, runId: string): Promise<readonly string[]> {
  type Steps = { steps: { operation: string; type: string; status: string }[] };
  const { steps } = await service.get<Steps>(`/api/runs/${runId}/steps?limit=500`);
  return steps
    .filter(({ status, type }) => status === "done" && !/^(pulumi:|rowgate:)/.test(type))
    .filter(({ operation }) => !["same", "read", "refresh"].includes(operation))
    .map(({ operation, type }) => `${operation} ${shortType(type)}`)
    .toSorted();
}

/** What `edit` makes run once all has settled: stack → steps of its runs. */
export async function ranBy(
  service: TestService,
  edit: () => void | Promise<void>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const before = new Set(service.runs().map(({ run_id }) => run_id));
  await edit();
  await until("the edit was seen", () => {
    const unseen = "SELECT 1 FROM Job_Changes UNION ALL SELECT 1 FROM Environment_Changes";
    return service.sql(unseen).length === 0;
  });
  await service.settled();
  const ran: Record<string, string[]> = {};
  for (const { run_id, stack, status, failure_message: failure } of service.runs()) {
    if (before.has(run_id)) continue;
    assert.equal(status, "succeeded", `${stack}: ${failure}`);
    const steps = await stepsOf(service, String(run_id));
    ran[String(stack)] = [...(ran[String(stack)] ?? []), ...steps];
  }
  return ran;
}

/** The one object of a type, by its name or by the end of its id. */
export async function objectOf(service: TestService, type: string, name: string): Promise<CloudObject> {
  const found = (await service.objects(`?type=${encodeURIComponent(type)}`)).filter(
    (object) => object.name === name || object.id.endsWith(name),
  );
  assert.equal(found.length, 1, `${type} ${name}: ${found.map(({ id }) => id).join()}`);
  return found[0] as CloudObject;
}

export interface Change {
  readonly stack: string;
  readonly type: string;
  readonly name: string;
  /** what a person sets */
  readonly set: Readonly<Record<string, unknown>>;
}

/** An object without what each write changes. */
const settledBody = ({ body }: CloudObject): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !/^etag$|(Time|edAt)$/.test(name)));

/**
 * A person changes an object of a stack in the clouds: a refresh tells it and changes nothing, a reconcile puts back
 * what was there, and then there is nothing more to do.
 */
export async function putsRight(service: TestService, { stack, type, name, set }: Change): Promise<void> {
  const before = await objectOf(service, type, name);
  await service.setObject(before.id, set);
  const byHand = await objectOf(service, type, name);
  assert.notDeepEqual(byHand.body, before.body, "the person changed something");
  assert.equal((await act(service, stack, "refresh")).status, "succeeded");
  assert.ok(await isDrifted(service, stack), `${stack} is Drifted`);
  assert.deepEqual((await objectOf(service, type, name)).body, byHand.body, "a look changes nothing");
  const run = await act(service, stack, "reconcile");
  assert.equal(run.status, "succeeded", run.failure?.message);
  assert.deepEqual(await stepsOf(service, run.runId), [`update ${shortType(type)}`]);
  assert.deepEqual(settledBody(await objectOf(service, type, name)), settledBody(before));
  assert.equal(await isDrifted(service, stack), false);
}

/** Objects that runs of a stack made, as `type count`. */
export async function madeBy(service: TestService, stack: string): Promise<Readonly<Record<string, number>>> {
  const made = (await service.calls()).filter(
    ({ call, result, stack: of }) => call === "create" && result === "ok" && of === `rowgate/${stack}`,
  );
  const counts: Record<string, number> = {};
  for (const { type } of made) counts[shortType(type)] = (counts[shortType(type)] ?? 0) + 1;
  return counts;
}

export interface Remains {
  /** live objects that were not there before: `type name` */
  readonly live: readonly string[];
  /** soft-deleted ones */
  readonly deleted: readonly string[];
  /** objects that were there before and are not any more */
  readonly missing: readonly string[];
}

const named = ({ type, name }: CloudObject): string => `${shortType(type)} ${name}`;

/** What the clouds hold beside what they held at `before`. */
export async function remainsOf(service: TestService, before: readonly CloudObject[]): Promise<Remains> {
  const now = await service.objects();
  const withDeleted = await service.objects("?deleted=true");
  const without = (list: readonly CloudObject[], others: readonly CloudObject[]): readonly string[] => {
    const ids = new Set(others.map(({ cloud, id }) => `${cloud} ${id}`));
    return list
      .filter(({ cloud, id }) => !ids.has(`${cloud} ${id}`))
      .map(named)
      .toSorted();
  };
  return {
    live: without(now, before),
    deleted: without(withDeleted, [...now, ...before]),
    missing: without(before, now),
  };
}

/** What is not as it was, of objects that were there: `StorageAccount: path`. */
export function changesOf(before: readonly CloudObject[], now: readonly CloudObject[]): readonly string[] {
  const found = new Map(now.map((object) => [`${object.cloud} ${object.id}`, object]));
  return before.flatMap((object) => {
    const after = found.get(`${object.cloud} ${object.id}`)?.body ?? {};
    return differences(object.body, after).map((path) => `${shortType(object.type)}: ${path}`);
  });
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const differences = (before: Fields, after: Fields): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [old, now] = [before[name], after[name]];
    if (isFields(old) && isFields(now)) return differences(old, now).map((path) => `${name}.${path}`);
    return isDeepStrictEqual(old, now) ? [] : [name];
  });
