/** One call of a method, with what a scripted server answers. */
import type { MetadataStore } from "../../metadata-schema/store.ts";
import type { Answer } from "../support/scripted-mssql.ts";

export interface Scenario {
  /** before those of `usualAnswers` */
  readonly answers?: readonly Answer[];
  run(store: MetadataStore): Promise<unknown>;
}

export type Scenarios<K extends keyof MetadataStore> = {
  readonly [M in K]: Readonly<Record<string, Scenario>>;
};

export const call = (run: Scenario["run"], ...answers: readonly Answer[]): Scenario => ({ run, answers });
