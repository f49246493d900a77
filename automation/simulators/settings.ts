/** How true to time and to rules the simulated clouds are: off by default, so that nobody waits who did not ask to. */
import { z } from "zod";
import type { Store } from "./store.ts";

const seconds = z.number().min(0).max(86_400);
const limit = z.int().min(1).nullable();

export const settingsSchema = z.strictObject({
  /** 1: operations take as long as Azure says they do; 0: no time at all */
  timeFactor: z.number().min(0).max(10).default(0),
  /** how long a role assignment is there before it allows anything */
  rbacLagSeconds: seconds.default(0),
  /** null: no limit. Azure's classic ones are 1,200 writes and 12,000 reads an hour, 1,000 network writes in 5 minutes */
  writesPerHour: limit.default(null),
  readsPerHour: limit.default(null),
  networkWritesPer5Minutes: limit.default(null),
  /** whether jobs run as a service principal only if the deployer is a user of it; on Databricks a workspace can choose */
  requireServicePrincipalUser: z.boolean().default(false),
  /** tokens of managed identities keep their groups for a day; scaled by timeFactor */
  managedIdentityGroupDelaySeconds: z.number().min(0).default(86_400),
});
export type Settings = z.infer<typeof settingsSchema>;

const fact = "settings";

export const readSettings = (store: Store): Settings =>
  settingsSchema.parse(JSON.parse(store.fact(fact) ?? "{}"));

export function changeSettings(store: Store, change: Partial<Settings>): Settings {
  const settings = settingsSchema.parse({ ...readSettings(store), ...change });
  store.setFact(fact, JSON.stringify(settings));
  return settings;
}
