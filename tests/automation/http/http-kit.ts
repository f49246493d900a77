/** The HTTP server over a real store, with rows that a real reconciler has resolved; stacks are applied by hand. */
import assert from "node:assert/strict";
import { systemClock } from "../../../automation/clock.ts";
import { type HttpServer, openHttpServer } from "../../../automation/http/server.ts";
import type { Services } from "../../../automation/http/services.ts";
import { createLogger } from "../../../automation/log.ts";
import { noCalls } from "../../../automation/observe/call-observer.ts";
import { noObserver } from "../../../automation/observe/run-observer.ts";
import type { NameAnswer, NameQuery } from "../../../automation/reconcile/names-needed.ts";
import { Reconciler } from "../../../automation/reconcile/reconciler.ts";
import type { MetadataStore, NewRow, RunStepInput } from "../../../metadata-schema/store.ts";
import { platformOutputs, workspaceOutputs } from "../../support/applied-outputs.ts";
import { environment } from "../../support/small-rows.ts";
import { openTempStore } from "../../support/temp-store.ts";

export const groups = {
  ds_team: "00000000-0000-4000-8000-0000000000aa",
  ds_team_eu: "00000000-0000-4000-8000-0000000000bb",
} as const;
export const accessOf = (group: keyof typeof groups): string => `access-eastus-${groups[group]}`;

export interface HttpKit {
  readonly store: MetadataStore;
  /** where the server listens */
  readonly url: string;
  /** Status and body of an answer. */
  get(route: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  /** Resolves and merges until nothing changes any more. */
  settle(): Promise<void>;
  /** Runs a stack with success, as an engine would; gives the run's id. */
  apply(stack: string, outputs: Readonly<Record<string, unknown>>, steps?: RunStepInput[]): Promise<string>;
  close(): Promise<void>;
}

/** One environment whose platform and workspace were applied, and these rows, resolved. */
export async function openHttpKit(rows: readonly NewRow[]): Promise<HttpKit> {
  const temp = await openTempStore();
  const { store } = temp;
  const reconciler = new Reconciler({
    store,
    directory: { forget: () => {}, lookUp: async (query) => answer(query) },
    clock: systemClock,
    log: createLogger(null, "info"),
    observer: noObserver,
    realm: "test",
    hashSuffix: "+v1",
    onDesired: () => {},
  });
  const settle = async (): Promise<void> => {
    for (let rounds = 0; await reconciler.round(); rounds++) assert.ok(rounds < 20, "rounds never end");
  };
  const apply: HttpKit["apply"] = async (stack, outputs, steps = []) => {
    const record = await store.getStack(stack);
    assert.ok(record, `no stack ${stack}`);
    const runId = crypto.randomUUID();
    const owner = { host: "h", pid: 1, startedAt: "1" };
    const work = { kind: "update", reason: "spec-changed", desiredHash: record.desired.hash } as const;
    const got = await store.acquireLease({ stack, owner, leaseMs: 30_000, runId, ...work });
    assert.ok(got.status === "acquired");
    await store.appendSteps(got.lease, steps);
    await store.settleRun(got.lease, { status: "succeeded", outputs, changes: { create: steps.length } });
    return runId;
  };
  await store.insertRows([environment(), ...rows]);
  await settle();
  await apply("platform-eastus", platformOutputs);
  await settle();
  await apply("workspace-eastus", workspaceOutputs);
  await settle();
  const server = await serve(store);
  const url = `http://127.0.0.1:${server.port}`;
  return {
    store,
    url,
    settle,
    apply,
    get: async (route) => {
      const response = await fetch(`${url}${route}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    close: async () => {
      await server.close();
      await temp.close();
    },
  };
}

function answer(query: NameQuery): NameAnswer {
  if (query.kind === "resource" || query.kind === "model") return { status: "found", objectId: query.name };
  const objectId = Object.entries(groups).find(([name]) => name === query.name)?.[1];
  return objectId === undefined ? { status: "missing" } : { status: "found", objectId };
}

function serve(store: MetadataStore): Promise<HttpServer> {
  const unused = () => Promise.reject(new Error("not part of these tests"));
  const services: Services = {
    cloud: "sandbox",
    store,
    principals: { groupIds: unused, members: unused, find: unused },
    createRequest: unused,
    applyDocuments: unused,
    createStackRequest: unused,
    cancelRun: unused,
    probe: unused,
    takeAlert: unused,
    engine: () => ({
      path: "/usr/bin/pulumi",
      version: "3.259.0",
      slots: 4,
      urgentSlots: 1,
      unknownState: [],
      closedFor: [],
      slotStates: [],
    }),
    readiness: unused,
    metrics: unused,
    runEvents: async function* () {},
  };
  return openHttpServer({ port: 0, services, calls: noCalls, log: createLogger(null, "info") });
}
