import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EngineEvent as PulumiEvent } from "@pulumi/pulumi/automation/index.js";
import { eventReader } from "../../../automation/engine/event-reader.ts";
import type { RunStepInput } from "../../../metadata-schema/store.ts";

type Metadata = { op: string; type?: string; new?: object; old?: object };

const metadata = ({ op, type = "azure-native:keyvault:Vault", ...states }: Metadata) => ({
  op,
  type,
  urn: `urn:pulumi:s::rowgate::${type}::x`,
  ...states,
});
// An event as it comes from the engine: it has fields that nothing here reads.
const event = (fields: Record<string, unknown>): PulumiEvent => fields as unknown as PulumiEvent;
const pre = (of: Metadata) => event({ resourcePreEvent: { metadata: metadata(of) } });
const outputs = (of: Metadata) => event({ resOutputsEvent: { metadata: metadata(of) } });
const diagnostic = (severity: string, message: string, urn?: string) =>
  event({ diagnosticEvent: { severity, message, urn, color: "never" } });

function read(...events: readonly PulumiEvent[]) {
  const steps: RunStepInput[] = [];
  const reader = eventReader((step) => steps.push(step));
  for (const each of events) reader.read(each);
  return { steps, reader };
}

describe("an event reader", () => {
  it("tells the start and the end of a step, with the object's id once it is known", () => {
    const { steps } = read(pre({ op: "create" }), outputs({ op: "create", new: { id: "/vaults/x" } }));
    assert.deepEqual(
      steps.map(({ operation, status, objectId }) => ({ operation, status, objectId })),
      [
        { operation: "create", status: "started", objectId: null },
        { operation: "create", status: "done", objectId: "/vaults/x" },
      ],
    );
  });

  it("tells the old id of what is deleted", () => {
    const { steps } = read(outputs({ op: "delete", old: { id: "/vaults/x" } }));
    assert.equal(steps[0]?.objectId, "/vaults/x");
  });

  it("tells a failed step", () => {
    const failed = event({ resOpFailedEvent: { metadata: metadata({ op: "update" }), status: 0, steps: 0 } });
    assert.equal(read(failed).steps[0]?.status, "failed");
  });

  it("leaves out what changes nothing in a cloud", () => {
    const quiet = ["same", "read", "refresh", "discard"].map((op) => outputs({ op }));
    const own = ["pulumi:pulumi:Stack", "pulumi:providers:azure-native"].map((type) =>
      outputs({ op: "create", type }),
    );
    assert.deepEqual(read(...quiet, ...own).steps, []);
  });

  it("has the stack's outputs as they were last told, and none before", () => {
    const type = "pulumi:pulumi:Stack";
    assert.deepEqual(read().reader.outputs(), {});
    const { reader } = read(
      outputs({ op: "create", type, new: { id: "", outputs: {} } }),
      outputs({ op: "update", type, new: { id: "", outputs: { workspace_url: "adb-1" } } }),
    );
    assert.deepEqual(reader.outputs(), { workspace_url: "adb-1" });
  });

  it("has the counts of the engine's summary", () => {
    assert.deepEqual(read().reader.changes(), {});
    const { reader } = read(event({ summaryEvent: { resourceChanges: { create: 2, same: 1 } } }));
    assert.deepEqual(reader.changes(), { create: 2, same: 1 });
  });

  it("keeps errors in order and tells them as steps; warnings are left out", () => {
    const { steps, reader } = read(
      diagnostic("warning", "old SDK"),
      diagnostic("error", "denied\n", "urn:x"),
      diagnostic("error", "update failed"),
    );
    assert.deepEqual(reader.errors(), ["denied\n", "update failed"]);
    assert.deepEqual(
      steps.map(({ urn, status, message }) => ({ urn, status, message })),
      [
        { urn: "urn:x", status: "message", message: "denied" },
        { urn: "", status: "message", message: "update failed" },
      ],
    );
  });
});
