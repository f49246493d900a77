/** The suite that every metadata store passes: each sentence of the contract in metadata-schema/store.ts. */
import { describe, it } from "node:test";
import { adfViewCases } from "./conformance/adf-view-cases.ts";
import { alertCases } from "./conformance/alert-cases.ts";
import { appliedSpecCases } from "./conformance/applied-spec-cases.ts";
import { auditCases } from "./conformance/audit-cases.ts";
import { cancelCases } from "./conformance/cancel-cases.ts";
import { changeCases } from "./conformance/change-cases.ts";
import { changeOrderCases } from "./conformance/change-order-cases.ts";
import { changeRowsCases } from "./conformance/change-rows-cases.ts";
import { doubtCases } from "./conformance/doubt-cases.ts";
import { fencingCases } from "./conformance/fencing-cases.ts";
import type { Case, StoreKit } from "./conformance/kit.ts";
import { leaseCases } from "./conformance/lease-cases.ts";
import { listCases } from "./conformance/list-cases.ts";
import { pauseCases } from "./conformance/pause-cases.ts";
import { probeCases } from "./conformance/probe-cases.ts";
import { pruneCases } from "./conformance/prune-cases.ts";
import { queueFactsCases } from "./conformance/queue-facts-cases.ts";
import { recordCases } from "./conformance/record-cases.ts";
import { refusalCases } from "./conformance/refusal-cases.ts";
import { resolutionCases } from "./conformance/resolution-cases.ts";
import { rowCases } from "./conformance/row-cases.ts";
import { settleCases } from "./conformance/settle-cases.ts";
import { sharedRowCases } from "./conformance/shared-row-cases.ts";
import { snapshotCases } from "./conformance/snapshot-cases.ts";
import { stackCases } from "./conformance/stack-cases.ts";
import { traceCases } from "./conformance/trace-cases.ts";
import { workCases } from "./conformance/work-cases.ts";

const groups = {
  rows: rowCases,
  snapshots: snapshotCases,
  "changed rows": changeRowsCases,
  "changed rows in order": changeOrderCases,
  "refused rows": refusalCases,
  changes: changeCases,
  "changes of shared rows": sharedRowCases,
  "audit log": auditCases,
  resolutions: resolutionCases,
  stacks: stackCases,
  work: workCases,
  leases: leaseCases,
  fencing: fencingCases,
  "settled runs": settleCases,
  "applied specs": appliedSpecCases,
  "conditions, requests, runs and outputs": recordCases,
  "canceled runs": cancelCases,
  "doubtful state": doubtCases,
  "paused subscriptions": pauseCases,
  "pruned runs": pruneCases,
  probes: probeCases,
  alerts: alertCases,
  "the queue in numbers": queueFactsCases,
  "traces and adoption": traceCases,
  lists: listCases,
  "outputs for Data Factory": adfViewCases,
} as const;

/** `skip`: why no store of this kind can be opened here; each case is then counted as skipped. */
export function runStoreConformance(
  name: string,
  open: () => Promise<StoreKit>,
  skip: string | false = false,
): void {
  const fact: Case = (title, run) => {
    it(title, { skip }, async () => {
      const kit = await open();
      let failed = true;
      try {
        await run(kit);
        failed = false;
      } finally {
        await kit.close({ keep: failed });
      }
    });
  };
  for (const [group, cases] of Object.entries(groups)) describe(`${name}: ${group}`, () => cases(fact));
}
