/** Replication lag: what was just made is not seen yet by those who look for it. */
import { type FaultCall, lagsOf, packageOf } from "./faults.ts";
import type { CallContext } from "./resource-type.ts";
import type { CloudObject } from "./store.ts";

/** Runs a read while objects younger than the lag that was asked for stay out of sight. */
export function throughLag<T>(
  { store, tenant }: CallContext,
  call: Extract<FaultCall, "read" | "lookup" | "invoke">,
  work: () => T,
): T {
  const lags = lagsOf(store, call);
  if (lags.length === 0) return work();
  const now = Date.now();
  const isHidden = (object: CloudObject): boolean =>
    object.createdAt > tenant.seededAt &&
    lags.some(
      ({ type, seconds }) =>
        ["any", object.type, packageOf(object.type)].includes(type) &&
        now - Date.parse(object.createdAt) < seconds * 1000,
    );
  return store.without(isHidden, work);
}
