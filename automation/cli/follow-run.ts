/** A run followed to its end, step by step, over as many connections as it takes. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type RunBody, runBody } from "../http/contract.ts";
import type { ServiceClient } from "./service-client.ts";

const stepEvent = z.object({ operation: z.string(), urn: z.string(), type: z.string(), status: z.string() });
export type StepEvent = z.infer<typeof stepEvent>;

// A connection that breaks again and again is not made in a tight loop.
const reconnectMs = 200;

export async function followRun(
  service: ServiceClient,
  runId: string,
  onStep: (step: StepEvent) => void,
): Promise<RunBody> {
  let last: string | null = null;
  for (;;) {
    for await (const { id, event, data } of service.events(`/api/runs/${runId}/events`, last)) {
      if (event === "ended") return runBody.parse(data);
      onStep(stepEvent.parse(data));
      last = id;
    }
    await sleep(reconnectMs);
  }
}
