/** Child side: what a run's events tell of creates that failed, for what has to be remembered of them. */
import type { EngineEvent as PulumiEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import type { StateResource } from "./checkpoint.ts";

export interface FailedCreate {
  readonly resource: StateResource;
  readonly message: string;
}

export interface CreateWatch {
  read(event: PulumiEvent): void;
  failed(): readonly FailedCreate[];
}

const creates: ReadonlySet<string> = new Set(["create", "create-replacement"]);

/** The resource that a step is about, as a checkpoint would have it. */
export const resourceOfStep = ({ urn, type, new: now }: StepEventMetadata): StateResource => ({
  urn,
  type,
  custom: now?.custom ?? false,
  inputs: now?.inputs ?? {},
  ...(now?.parent ? { parent: now.parent } : {}),
  ...(now?.provider ? { provider: now.provider } : {}),
});

export function createWatch(): CreateWatch {
  const begun = new Map<string, StateResource>();
  const failed = new Set<string>();
  const messages = new Map<string, string>();
  return {
    read({ resourcePreEvent, resOpFailedEvent, diagnosticEvent }) {
      if (resourcePreEvent && creates.has(resourcePreEvent.metadata.op))
        begun.set(resourcePreEvent.metadata.urn, resourceOfStep(resourcePreEvent.metadata));
      if (resOpFailedEvent && creates.has(resOpFailedEvent.metadata.op))
        failed.add(resOpFailedEvent.metadata.urn);
      if (diagnosticEvent?.severity === "error" && diagnosticEvent.urn) {
        const said = messages.get(diagnosticEvent.urn) ?? "";
        messages.set(diagnosticEvent.urn, `${said}${diagnosticEvent.message}\n`);
      }
    },
    failed: () =>
      [...failed].flatMap((urn) => {
        const resource = begun.get(urn);
        return resource === undefined ? [] : [{ resource, message: messages.get(urn) ?? "" }];
      }),
  };
}
