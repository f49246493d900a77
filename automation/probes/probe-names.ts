/** A probe of an endpoint by every name that it answers to. */
import { networkInterface, privateEndpoint, readObject } from "./arm-objects.ts";
import { within } from "./deadline.ts";
import { type ProbeResult, probeEndpoint } from "./probe-endpoint.ts";
import { nameOf, type ProbeDependencies, type ProbeRequest, type Verdict } from "./probe-layer.ts";

// As long as the layer that reads the same objects may take.
const readingMs = 5_000;

type Names =
  | { readonly status: "read"; readonly fqdns: readonly string[] }
  | { readonly status: "unread"; readonly verdict: Verdict };

/** The result of the name that fares worst. */
export async function probeAllNames(
  request: Omit<ProbeRequest, "fqdn">,
  from: ProbeDependencies,
): Promise<ProbeResult> {
  const startedMs = from.clock.monotonicMs();
  const names = await within(
    readingMs,
    (signal) => readNames(request.endpointId, from, signal),
    from.signal,
  ).catch((): Names => ({ status: "unread", verdict: silent(request.endpointId) }));
  if (names.status === "unread")
    return unread(names.verdict, Math.round(from.clock.monotonicMs() - startedMs));
  const results: ProbeResult[] = [];
  for (const fqdn of names.fqdns) results.push(await probeEndpoint({ ...request, fqdn }, from));
  const [first] = results;
  const worst =
    results.find(({ status }) => status === "failed") ?? results.find(({ status }) => status !== "ok");
  return worst ?? first ?? unread(nameless(request.endpointId), 0);
}

/** Azure empties customDnsConfigs once the endpoint has a DNS zone group; its interfaces go on telling. */
async function readNames(endpointId: string, from: ProbeDependencies, signal: AbortSignal): Promise<Names> {
  const look = { from, signal };
  const endpoint = await readObject(look, endpointId, { kind: "private endpoint", shape: privateEndpoint });
  if (endpoint.status === "unread") return endpoint;
  const fqdns = new Set<string>();
  for (const { id } of endpoint.value.networkInterfaces) {
    const read = await readObject(look, id, { kind: "network interface", shape: networkInterface });
    if (read.status === "unread") return read;
    for (const { privateLinkConnectionProperties } of read.value.ipConfigurations)
      for (const fqdn of privateLinkConnectionProperties?.fqdns ?? []) fqdns.add(fqdn);
  }
  if (fqdns.size > 0) return { status: "read", fqdns: [...fqdns] };
  const told = endpoint.value.customDnsConfigs.flatMap(({ fqdn }) => fqdn ?? []);
  return { status: "read", fqdns: [...new Set(told)] };
}

const nameless = (endpointId: string): Verdict => ({
  status: "failed",
  reason: "NoNames",
  message: `The private endpoint ${nameOf(endpointId)} answers to no name. Look at its DNS configuration in the portal, or delete it and reconcile its stack, which makes it again.`,
});

const silent = (endpointId: string): Verdict => ({
  status: "unknown",
  reason: "TimedOut",
  message: `Azure Resource Manager tells nothing of private endpoint ${nameOf(endpointId)} within ${readingMs} ms. Probe again.`,
});

function unread(verdict: Verdict, durationMs: number): ProbeResult {
  if (verdict.status === "ok") throw new TypeError("what is read needs no verdict");
  const { status, reason, message } = verdict;
  const layer = "endpoint";
  return {
    status,
    failedLayer: layer,
    reason,
    message,
    layers: [{ layer, status, durationMs, detail: message }],
  };
}
