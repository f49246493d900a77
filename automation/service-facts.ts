/** What the service tells of itself: readiness, its engine, and what a scrape asks for. */
import { subjectKey } from "../metadata-schema/contributions.ts";
import type { MetadataStore } from "../metadata-schema/store.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { ProcessEngine } from "./engine/process-engine.ts";
import { messageOf } from "./errors.ts";
import type { HostHealth } from "./host-health.ts";
import type { ReadinessBody } from "./http/contract.ts";
import type { MetricSources } from "./observe/metric-sources.ts";
import type { Upkeep } from "./upkeep/upkeep.ts";

export interface FactSources {
  readonly config: Config;
  readonly store: MetadataStore;
  readonly engine: ProcessEngine;
  readonly health: HostHealth;
  readonly upkeep: Upkeep;
}

/** kept for urgent work */
export const urgentSlots = 1;

/** Why no run may start, whichever stack it is of; none: runs may. */
export const closedFor = ({ health, engine }: Pick<FactSources, "health" | "engine">): readonly string[] => [
  ...health.closedFor(),
  ...engine.closedFor(),
];

export function engineFacts({ config, engine, health, upkeep }: FactSources) {
  const nowMs = systemClock.monotonicMs();
  return {
    path: engine.program.command,
    version: engine.program.version,
    slots: config.slots,
    urgentSlots,
    unknownState: upkeep.unknownState.map(({ stack, changedAt }) => ({ stack, changedAt })),
    closedFor: [...closedFor({ health, engine })],
    slotStates: engine.slotStates().map(({ sinceMs, ...slot }) => ({ ...slot, forMs: nowMs - sinceMs })),
  };
}

export function metricSources({ config, store, engine, health, upkeep }: FactSources): MetricSources {
  return {
    version: config.version,
    engineVersion: engine.program.version,
    now: () => store.now(),
    queueFacts: () => store.queueFacts(),
    pauses: async () => (await store.listPauses()).length,
    unresolved: async (limit) => (await store.readChanges(limit)).map(({ subject }) => subjectKey(subject)),
    openAlerts: async (limit) =>
      // Alerts on changes of an environment are news, and never resolve.
      (await store.listAlerts({ state: "Fired", limit })).flatMap(({ jobId, severity }) =>
        jobId === null ? [] : [severity],
      ),
    stackConditions: async ({ type, status }) =>
      [...(await store.conditionsByType("stack", type)).values()]
        .filter((condition) => condition.status === status)
        .map(({ reason }) => reason),
    slots: () => engine.slotStates(),
    unknownStackStates: () => upkeep.unknownState.length,
    gate: () => ({ open: closedFor({ health, engine }).length === 0 }),
  };
}

export async function readiness({ config, store, engine, health }: FactSources): Promise<ReadinessBody> {
  const database = store.ping().then(
    () => ({ name: "database", ok: true, message: null }),
    (fault: unknown) => ({ name: "database", ok: false, message: messageOf(fault) }),
  );
  const closed = engine.closedFor();
  const slots = { name: "slots", ok: closed.length === 0, message: closed[0] ?? null };
  const checks = [await database, ...(await health.look()), slots];
  return { status: checks.every(({ ok }) => ok) ? "ready" : "unavailable", cloud: config.cloud.kind, checks };
}
