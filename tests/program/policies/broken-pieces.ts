/** For each guardrail: pieces that keep it, and pieces that break it with what the refusal has to say. */
import { azureCases } from "./broken-azure-pieces.ts";
import { workloadCases } from "./broken-workload-pieces.ts";
import type { Cases } from "./sample-pieces.ts";

export const cases: Readonly<Record<string, Cases>> = { ...azureCases, ...workloadCases };
