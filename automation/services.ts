/** What the HTTP side gets of the service, put together. */
import type { AlertIntake } from "./alerts/alert-intake.ts";
import type { Clouds } from "./clouds.ts";
import { createPrincipals } from "./directory/principals.ts";
import type { Services } from "./http/services.ts";
import { type Loops, localCaller } from "./loops.ts";
import type { Observation } from "./observe/observation.ts";
import { applyDocuments } from "./reconcile/apply-documents.ts";
import { engineFacts, type FactSources, metricSources, readiness } from "./service-facts.ts";

export interface ServiceParts {
  readonly facts: FactSources;
  readonly clouds: Clouds;
  readonly loops: Loops;
  readonly alerts: AlertIntake;
  readonly observation: Observation;
}

export function createServices({ facts, clouds, loops, alerts, observation }: ServiceParts): Services {
  const { store } = facts;
  return {
    cloud: clouds.kind,
    store,
    principals: createPrincipals(clouds.access.graph),
    createRequest: loops.createRequest,
    createStackRequest: loops.createStackRequest,
    cancelRun: loops.cancelRun,
    probe: loops.probe,
    takeAlert: (alertId) => alerts.take(alertId),
    metrics: () => observation.metrics(metricSources(facts)),
    applyDocuments: async (request) => {
      const { changes, plan } = await applyDocuments(store, request, localCaller);
      if (!request.dryRun) loops.poke();
      return { changes: [...changes], plan };
    },
    engine: () => engineFacts(facts),
    readiness: () => readiness(facts),
    runEvents: (runId, after, signal) => loops.events.follow(runId, after, signal),
  };
}
