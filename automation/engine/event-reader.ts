/** Child side: makes steps, outputs and errors of the engine's event stream. */
import type { EngineEvent as PulumiEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import type { OutputValues, RunStepInput } from "../../metadata-schema/store.ts";

const stackType = "pulumi:pulumi:Stack";

// Steps that change nothing in a cloud would bury those that do.
const quietOperations: ReadonlySet<string> = new Set(["same", "read", "refresh", "discard"]);

export interface EventReader {
  read(event: PulumiEvent): void;
  outputs(): OutputValues;
  /** objects by operation, from the engine's summary */
  changes(): Readonly<Record<string, number>>;
  errors(): readonly string[];
}

export function eventReader(onStep: (step: RunStepInput) => void): EventReader {
  let outputs: OutputValues = {};
  let changes: Readonly<Record<string, number>> = {};
  const errors: string[] = [];
  const step = (metadata: StepEventMetadata, status: RunStepInput["status"]): void => {
    if (metadata.type.startsWith("pulumi:") || quietOperations.has(metadata.op)) return;
    onStep({
      operation: metadata.op,
      urn: metadata.urn,
      type: metadata.type,
      status,
      objectId: metadata.new?.id || metadata.old?.id || null,
      message: null,
    });
  };
  return {
    read(event) {
      if (event.resourcePreEvent) step(event.resourcePreEvent.metadata, "started");
      if (event.resOpFailedEvent) step(event.resOpFailedEvent.metadata, "failed");
      if (event.resOutputsEvent) {
        const { metadata } = event.resOutputsEvent;
        if (metadata.type === stackType) outputs = metadata.new?.outputs ?? {};
        step(metadata, "done");
      }
      if (event.summaryEvent) changes = { ...event.summaryEvent.resourceChanges };
      const diagnostic = event.diagnosticEvent;
      if (diagnostic?.severity === "error") {
        errors.push(diagnostic.message);
        onStep({
          operation: "message",
          urn: diagnostic.urn ?? "",
          type: "",
          status: "message",
          objectId: null,
          message: diagnostic.message.trim(),
        });
      }
    },
    outputs: () => outputs,
    changes: () => changes,
    errors: () => errors,
  };
}
