/**
 * Probes of the private endpoints that were applied: after each update of their stack, by the clock, and when
 * somebody asks. Each result is history, and the latest ones of a stack are its condition Reachable.
 *
 * When an endpoint is next due follows from its latest stored result alone: a restart probes nothing early, and
 * replicas share the work. No run waits for a probe.
 */
import { createHash } from "node:crypto";
import type { NetworkSpec, PrivateEndpointSpec } from "../../metadata-schema/desired-state.ts";
import { networkServices } from "../../metadata-schema/desired-state.ts";
import type { MetadataStore, ProbeInput, ProbeRecord } from "../../metadata-schema/store.ts";
import {
  existingSubnets,
  networkStack,
  platformStack,
  privateEndpointId,
  subnetId,
} from "../../program/layout/names.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { ProbeDependencies } from "./probe-layer.ts";
import { probeAllNames } from "./probe-names.ts";
import { reachableCondition } from "./reachable.ts";

export interface EndpointProberOptions {
  readonly store: Pick<
    MetadataStore,
    | "now"
    | "readRows"
    | "stacksAmong"
    | "getStack"
    | "latestProbes"
    | "recentProbes"
    | "recordProbes"
    | "setConditions"
  >;
  readonly from: Pick<ProbeDependencies, "view" | "arm" | "deadlinesMs">;
  readonly clock: Clock;
  readonly log: Logger;
  /** how often an endpoint is probed by the clock; 0: never */
  readonly everyMs: number;
  onProbed?(result: ProbeInput): void;
}

export type ProbeOutcome =
  | { readonly status: "probed"; readonly probes: readonly ProbeRecord[] }
  /** there is no such stack, it has no endpoints that were applied, or not this one */
  | { readonly status: "no-stack" | "no-endpoints" | "no-such-endpoint" | "stopping" };

// A probe is a few small calls. More at once would only wait for ARM's limits, and slow down who works.
const atOnce = 4;
// What does not pass is looked at sooner: DNS takes its time after a change, and whoever mends wants to see it.
const sooner = 10;
// Endpoints that were made together drift apart.
const jitter = 0.1;
const pollShare = 20;
const shortestPollMs = 1_000;
const longestPollMs = 30_000;

export class EndpointProber {
  readonly #options: EndpointProberOptions;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #loop: Promise<void> | null = null;

  constructor(options: EndpointProberOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.everyMs > 0) this.#loop ??= this.#rounds();
  }

  /** Ends probes under way, whose results are lost, and resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await Promise.allSettled([...this.#underWay]);
  }

  /** An update of the stack succeeded. Returns at once. */
  afterRun(stack: string, runId: string): void {
    void this.#track(this.#probe(stack, { runId })).catch((fault) =>
      this.#options.log.warn({ err: fault, stack, runId }, "endpoints could not be probed after a run"),
    );
  }

  /** Somebody asks: all endpoints of a stack, or the one of this name. */
  probe(stack: string, endpoint?: string): Promise<ProbeOutcome> {
    return this.#track(this.#probe(stack, { runId: null, endpoint }));
  }

  /** Probes what is due, and resolves when all of it is recorded. */
  async round(): Promise<void> {
    const { store } = this.#options;
    const nowMs = Date.parse(await store.now());
    const latest = new Map((await store.latestProbes()).map((probe) => [keyOf(probe), probe]));
    const probes: Promise<ProbeOutcome>[] = [];
    for (const stack of await this.#networkStacks()) {
      const record = await store.getStack(stack);
      // What a run is changing just now is probed after it.
      if (record?.appliedSpec?.kind !== "network" || record.lease !== null) continue;
      for (const { name: endpoint } of record.appliedSpec.endpoints) {
        const isDue = nowMs >= this.#nextMs(latest.get(keyOf({ stack, endpoint })));
        if (isDue) probes.push(this.#track(this.#probe(stack, { runId: null, endpoint })));
      }
    }
    await Promise.all(probes);
  }

  #nextMs(latest: ProbeRecord | undefined): number {
    if (latest === undefined) return Number.NEGATIVE_INFINITY;
    const { everyMs } = this.#options;
    const waitMs = latest.status === "ok" ? everyMs : everyMs / sooner;
    return (
      Date.parse(latest.at) + waitMs * (1 + jitter * (2 * fractionOf(`${keyOf(latest)} ${latest.at}`) - 1))
    );
  }

  async #rounds(): Promise<void> {
    const { clock, everyMs, log } = this.#options;
    const pollMs = Math.min(longestPollMs, Math.max(shortestPollMs, everyMs / pollShare));
    let healthy = true;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(pollMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        await this.round();
        healthy = true;
      } catch (fault) {
        if (healthy) log.warn({ err: fault }, "a round of probes failed; it is tried again");
        healthy = false;
      }
    }
  }

  /** By the names that such stacks have: reading all stacks would cost more than the probes. */
  async #networkStacks(): Promise<readonly string[]> {
    const { store } = this.#options;
    const rows = await store.readRows({ tables: ["Environments"] });
    const names = rows.flatMap(({ values }) =>
      networkServices.map((service) => networkStack(String(values.name), service)),
    );
    return [...(await store.stacksAmong(names))];
  }

  async #probe(
    stack: string,
    { runId, endpoint }: { readonly runId: string | null; readonly endpoint?: string | undefined },
  ): Promise<ProbeOutcome> {
    const { store } = this.#options;
    const record = await store.getStack(stack);
    if (record === null) return { status: "no-stack" };
    const spec = record.appliedSpec;
    if (spec?.kind !== "network" || spec.endpoints.length === 0) return { status: "no-endpoints" };
    const asked = spec.endpoints.filter(({ name }) => endpoint === undefined || name === endpoint);
    if (asked.length === 0) return { status: "no-such-endpoint" };
    const { signal } = this.#stop;
    const results = await Promise.all(
      asked.map((each) =>
        this.#inTurn(async () => (signal.aborted ? null : this.#result(spec, each, runId))),
      ),
    );
    if (signal.aborted) return { status: "stopping" };
    const found = results.filter((result) => result !== null);
    await store.recordProbes(stack, found);
    for (const result of found) this.#options.onProbed?.(result);
    const probes = await this.#latestOf(spec);
    await this.#tell(stack, probes);
    return {
      status: "probed",
      probes: probes.filter((probe) => asked.some(({ name }) => name === probe.endpoint)),
    };
  }

  async #result(spec: NetworkSpec, endpoint: PrivateEndpointSpec, runId: string | null): Promise<ProbeInput> {
    const { from, clock } = this.#options;
    const { environment, service } = spec;
    const fromSubnetId = await this.#callersSubnet(spec);
    const result = await probeAllNames(
      {
        endpointId: privateEndpointId(environment, endpoint.name),
        service,
        port: service === "sql" ? 1433 : 443,
        ...(fromSubnetId === null ? {} : { fromSubnetId }),
      },
      { ...from, clock, signal: this.#stop.signal },
    );
    const { status, layers } = result;
    const about = { endpoint: endpoint.name, runId, status, layers };
    if (result.status === "ok") return { ...about, failedLayer: null, reason: null, message: null };
    const { failedLayer, reason, message } = result;
    return { ...about, failedLayer, reason, message };
  }

  /**
   * Where the callers are. Clusters call Databricks, vaults, lakes and databases; only people and self-hosted
   * runtimes call a factory, and those may be anywhere in the network: then, and for a workspace that came with
   * subnets of its own, the endpoint's subnet stands for theirs (null).
   */
  async #callersSubnet({ environment: { name }, service }: NetworkSpec): Promise<string | null> {
    if (service === "factory" || service === "portal") return null;
    const platform = (await this.#options.store.getStack(platformStack(name)))?.appliedSpec;
    if (platform?.kind !== "platform") return null;
    const { existing } = platform.environment;
    const isKnown =
      existing.workspace === undefined || existing[existingSubnets["databricks-host"]] !== undefined;
    return isKnown ? subnetId(platform.environment, "databricks-host") : null;
  }

  async #latestOf({ stack, endpoints }: NetworkSpec): Promise<readonly ProbeRecord[]> {
    const { store } = this.#options;
    const latest = endpoints.map(({ name }) => store.recentProbes({ stack, endpoint: name, limit: 1 }));
    return (await Promise.all(latest)).flat();
  }

  async #tell(stack: string, probes: readonly ProbeRecord[]): Promise<void> {
    const subject = { kind: "stack", stack } as const;
    const condition = reachableCondition(probes);
    if (condition !== null) await this.#options.store.setConditions([{ subject, condition }]);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = (): void => void this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < atOnce) this.#running += 1;
    else await new Promise<void>((takeOver) => this.#waiting.push(takeOver));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

const keyOf = ({ stack, endpoint }: Pick<ProbeRecord, "stack" | "endpoint">): string =>
  `${stack} ${endpoint}`;

/** 0 to 1, the same on every replica. */
const fractionOf = (text: string): number =>
  createHash("sha256").update(text).digest().readUInt32BE() / 0xffff_ffff;
