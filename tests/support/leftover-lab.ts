/**
 * Real engine and simulated clouds for what interrupted runs leave: runs that are killed right after a cloud
 * has done its work, and what the clouds' own log of calls says of them.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../../automation/clock.ts";
import type { Deployment } from "../../automation/engine/checkpoint.ts";
import type { DeadEngine, EndedEvent, EngineEvent, RunRequest } from "../../automation/engine/engine.ts";
import { openEngine } from "../../automation/engine/open-engine.ts";
import { checkpointFile, type StateFolder } from "../../automation/engine/stack-files.ts";
import { createLogger } from "../../automation/log.ts";
import { openSimulatedClouds } from "../../automation/simulated-clouds.ts";
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import { cloudsSeedFile } from "../../metadata-schema/sample/sample.ts";
import type { OutputValues, RunStepInput } from "../../metadata-schema/store.ts";
import { runRequest } from "./run-request.ts";
import { enginePath, ownEnvironment, until } from "./service.ts";

export interface LoggedCall {
  readonly seq: number;
  readonly call: "create" | "read" | "update" | "delete";
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly stack: string;
  readonly result: "ok" | "failed";
}

export interface CloudObject {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RunResult {
  readonly ended: EndedEvent;
  readonly steps: readonly RunStepInput[];
}

export interface Interruption {
  readonly type: string;
  readonly call: "create" | "read" | "update" | "delete";
}

// What an engine does at the same time comes within this of each other; if not, it takes one more run.
const companyMs = 250;

export type LeftoverLab = Awaited<ReturnType<typeof openLeftoverLab>>;

export async function openLeftoverLab() {
  // First: without it nothing is started that nobody would stop.
  const command = enginePath();
  const home = await mkdtemp(path.join(tmpdir(), "rowgate-leftovers-"));
  const inherited = ownEnvironment();
  const clouds = await openSimulatedClouds({
    folder: path.join(home, "clouds"),
    seed: cloudsSeedFile,
    environment: inherited,
    clock: systemClock,
  });
  const engine = await openEngine({
    command,
    home,
    slots: 1,
    inherited,
    cloudEnvironment: () => clouds.environment(),
    log: createLogger(null, "error"),
  });
  const folder: StateFolder = {
    backend: path.join(home, "state", "backend"),
    workspaces: path.join(home, "state", "workspaces"),
  };
  const http = async (method: string, target: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${await clouds.url()}${target}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${target}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  const calls = async (since = 0): Promise<readonly LoggedCall[]> => {
    const { value } = (await http("GET", `/sandbox/calls?since=${since}`)) as { value: LoggedCall[] };
    return value;
  };

  /** Engines of earlier runs that were killed: their locks may be cleared. */
  const dead: DeadEngine[] = [];

  const start = (spec: StackSpec, change: Partial<RunRequest>) =>
    engine.run(runRequest(spec, { deadEngines: [...dead], ...change }));

  const lab = {
    home,
    folder,
    http,
    calls,
    lastSeq: async (): Promise<number> => (await calls()).at(-1)?.seq ?? 0,

    async run(spec: StackSpec, change: Partial<RunRequest> = {}): Promise<RunResult> {
      const events: EngineEvent[] = await Array.fromAsync(start(spec, change).events);
      return resultOf(events);
    },

    /** A run that must succeed; tells its outputs. */
    async apply(spec: StackSpec, change: Partial<RunRequest> = {}): Promise<OutputValues> {
      const { ended } = await lab.run(spec, change);
      assert.equal(ended.status, "succeeded", JSON.stringify(ended));
      return (ended.status === "succeeded" && ended.outputs) || {};
    },

    /**
     * Kills the engine's whole process group once the clouds have done all these calls (or, if `any`, one of them
     * and no more for a moment; with `before`, once they were asked and before they do anything) and have answered
     * none. Tells which were done; a run that ended by itself is told as it ended.
     */
    async killAfterCommit(
      spec: StackSpec,
      interruptions: readonly Interruption[],
      change: Partial<RunRequest> & { readonly any?: boolean; readonly before?: boolean } = {},
    ): Promise<RunResult & { readonly struck: readonly Interruption[] }> {
      const { any = false, before = false, ...request } = change;
      const since = await lab.lastSeq();
      const hang = { kind: "hang", afterCommit: !before };
      await Promise.all(interruptions.map((at) => lab.fault({ ...at, ...hang })));
      const lockedAfter = new Date().toISOString();
      const events: EngineEvent[] = [];
      const pids: number[] = [];
      let isOver = false;
      const followed = (async () => {
        for await (const event of start(spec, request).events) {
          events.push(event);
          if (event.type === "processes" && event.engine !== null) pids.push(event.engine.pid);
        }
        isOver = true;
      })();
      const committed = async (): Promise<readonly Interruption[]> => {
        if (before) {
          const { value } = (await http("GET", "/sandbox/faults")) as {
            value: (Interruption & { seen: number })[];
          };
          return interruptions.filter((at) =>
            value.some(({ call, type, seen }) => call === at.call && type === at.type && seen > 0),
          );
        }
        const done = (await calls(since)).filter(({ result }) => result === "ok");
        return interruptions.filter(({ call, type }) =>
          done.some((each) => each.call === call && each.type === type),
        );
      };
      let count = 0;
      let countedAt = performance.now();
      await until(`${JSON.stringify(interruptions)} are committed`, async () => {
        const { length } = await committed();
        if (length > count) countedAt = performance.now();
        count = length;
        const isEnough = any
          ? length > 0 && performance.now() - countedAt > companyMs
          : length >= interruptions.length;
        return isOver || isEnough;
      });
      if (isOver) {
        await lab.clearFaults();
        return { ...resultOf(events), struck: [] };
      }
      const pid = pids.at(-1) ?? 0;
      process.kill(-pid, "SIGKILL");
      await followed;
      dead.push({ host: hostname(), pid, lockedAfter });
      const struck = await committed();
      await lab.clearFaults();
      return { ...resultOf(events), struck };
    },

    /**
     * Kills runs of a stack at the first such call of each of these types, those together that don't wait for
     * each other. A type that the stack has none of is passed over. Ends with the run that was not struck.
     * @param eachTime looks at what a killed run has left
     */
    async killAtEach(
      spec: StackSpec,
      at: { readonly call: Interruption["call"]; readonly types: readonly string[] },
      change: Partial<RunRequest> = {},
      eachTime: (struck: readonly string[], ended: EndedEvent) => Promise<void> = async () => {},
    ): Promise<readonly string[]> {
      const left = new Set(at.types);
      const all: string[] = [];
      for (;;) {
        const interruptions = [...left].map((type) => ({ type, call: at.call }));
        const { ended, struck } = await lab.killAfterCommit(spec, interruptions, { ...change, any: true });
        if (struck.length === 0) {
          assert.equal(ended.status, "succeeded", JSON.stringify(ended));
          return all;
        }
        const types = struck.map(({ type }) => type);
        for (const type of types) left.delete(type);
        all.push(...types);
        await eachTime(types, ended);
      }
    },

    fault: (fault: Readonly<Record<string, unknown>>) => http("POST", "/sandbox/faults", fault),
    clearFaults: () => http("DELETE", "/sandbox/faults"),

    objects: async (type: string): Promise<readonly CloudObject[]> => {
      const { value } = (await http("GET", `/sandbox/objects?type=${type}`)) as { value: CloudObject[] };
      return value;
    },
    /** A person in the portal. */
    portal: (id: string, properties: unknown, type?: string) =>
      http("PUT", `/sandbox/objects/${encodeURIComponent(id)}`, {
        properties,
        ...(type === undefined ? {} : { type }),
      }),
    removeObject: (id: string) => http("DELETE", `/sandbox/objects/${encodeURIComponent(id)}`),

    checkpoint: (stack: string): string => checkpointFile(folder, stack),
    async deployment(stack: string): Promise<Deployment> {
      return JSON.parse(await readFile(checkpointFile(folder, stack), "utf8")).checkpoint.latest;
    },
    async writeDeployment(stack: string, deployment: Deployment): Promise<void> {
      const file = checkpointFile(folder, stack);
      const whole = JSON.parse(await readFile(file, "utf8"));
      await writeFile(
        file,
        JSON.stringify({ ...whole, checkpoint: { ...whole.checkpoint, latest: deployment } }),
      );
    },
    async pending(stack: string): Promise<readonly string[]> {
      const { pending_operations = [] } = await lab.deployment(stack);
      return pending_operations.map(({ type, resource }) => `${type} ${resource.urn}`);
    },

    /** Every object that the stack's calls made was made once. */
    async madeOnce(stack: string, since = 0): Promise<void> {
      const made = new Map<string, number>();
      for (const { call, type, name, result, stack: of } of await calls(since)) {
        if (call !== "create" || result !== "ok" || of !== `rowgate/${stack}`) continue;
        made.set(`${type} ${name}`, (made.get(`${type} ${name}`) ?? 0) + 1);
      }
      assert.ok(made.size > 0, `nothing was made in ${stack}`);
      const twice = [...made].filter(([, count]) => count !== 1);
      assert.deepEqual(twice, [], "each create was carried out once");
    },

    /** The stack is what the spec says: no leftover, and a refreshing run finds nothing to do. */
    async isSettled(spec: StackSpec): Promise<void> {
      assert.deepEqual(await lab.pending(spec.stack), []);
      const { ended, steps } = await lab.run(spec, { refresh: true, wasApplied: true });
      assert.equal(ended.status, "succeeded", JSON.stringify(ended));
      assert.deepEqual(steps, [], "a refreshing run has nothing to do");
    },

    async close(): Promise<void> {
      await engine.close();
      await clouds.stop();
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  return lab;
}

function resultOf(events: readonly EngineEvent[]): RunResult {
  const ended = events.at(-1);
  assert.ok(ended?.type === "ended", "the stream ends with `ended`");
  return { ended, steps: events.flatMap((event) => (event.type === "step" ? [event.step] : [])) };
}
