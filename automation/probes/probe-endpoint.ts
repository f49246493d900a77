/**
 * Whether a private endpoint does what it is for: layer by layer, until the first that fails. It never
 * hangs: each layer has its deadline.
 */
import { messageOf } from "../errors.ts";
import { DeadlineError, within } from "./deadline.ts";
import { lookAtEndpoint } from "./endpoint-layer.ts";
import { lookAtName, lookAtTcp, lookAtTls, tcpFault } from "./path-layers.ts";
import {
  type Findings,
  type Look,
  type LookAtLayer,
  type ProbeDependencies,
  type ProbeLayer,
  type ProbeRequest,
  probeLayers,
  type Verdict,
} from "./probe-layer.ts";
import { lookAtPublicPath } from "./public-layer.ts";

export interface LayerResult {
  readonly layer: ProbeLayer;
  readonly status: "ok" | "failed" | "unknown";
  readonly durationMs: number;
  /** what was found there */
  readonly detail: string;
}

export type ProbeResult =
  | { readonly status: "ok"; readonly layers: readonly LayerResult[] }
  | {
      /** unknown: somebody who had to be asked did not answer */
      readonly status: "failed" | "unknown";
      readonly failedLayer: ProbeLayer;
      readonly reason: string;
      readonly message: string;
      /** the layers that were looked at: those after the failed one were not */
      readonly layers: readonly LayerResult[];
    };

const looks: Readonly<Record<ProbeLayer, LookAtLayer>> = {
  endpoint: lookAtEndpoint,
  dns: lookAtName,
  tcp: lookAtTcp,
  tls: lookAtTls,
  public: lookAtPublicPath,
};

/** A healthy layer takes well under a second; ARM and the public path ask more than one question. */
const usualDeadlinesMs: Readonly<Record<ProbeLayer, number>> = {
  endpoint: 5_000,
  dns: 3_000,
  tcp: 3_000,
  tls: 3_000,
  public: 5_000,
};

export async function probeEndpoint(request: ProbeRequest, from: ProbeDependencies): Promise<ProbeResult> {
  const layers: LayerResult[] = [];
  let found: Findings = { targetId: "", subnetId: "", addresses: [], socket: null };
  try {
    for (const layer of probeLayers) {
      const startedMs = from.clock.monotonicMs();
      const verdict = await lookAt(layer, { request, from, found });
      const durationMs = Math.round(from.clock.monotonicMs() - startedMs);
      if (verdict.status !== "ok") {
        const { status, reason, message } = verdict;
        layers.push({ layer, status, durationMs, detail: message });
        return { status, failedLayer: layer, reason, message, layers };
      }
      layers.push({ layer, status: "ok", durationMs, detail: verdict.detail });
      found = { ...found, ...verdict.found };
    }
    return { status: "ok", layers };
  } finally {
    found.socket?.destroy();
  }
}

async function lookAt(layer: ProbeLayer, look: Omit<Look, "signal">): Promise<Verdict> {
  const ms = look.from.deadlinesMs?.[layer] ?? usualDeadlinesMs[layer];
  try {
    return await within(ms, (signal) => looks[layer]({ ...look, signal }), look.from.signal);
  } catch (fault) {
    if (fault instanceof DeadlineError) return silence(layer, look, ms);
    return {
      status: "unknown",
      reason: "ProbeFailed",
      message: `The ${layer} layer of ${look.request.fqdn} could not be looked at: ${messageOf(fault)}. Probe again.`,
    };
  }
}

/** Packets that nobody answers: for TCP that is how Azure refuses; for ARM it says nothing. */
function silence(layer: ProbeLayer, look: Omit<Look, "signal">, ms: number): Verdict {
  const { fqdn } = look.request;
  const nothing = `no answer within ${ms} ms`;
  switch (layer) {
    case "tcp":
      return {
        status: "failed",
        reason: "TcpTimedOut",
        message: tcpFault(look, nothing),
      };
    case "dns":
    case "tls":
      return {
        status: "failed",
        reason: layer === "dns" ? "DnsTimedOut" : "TlsTimedOut",
        message: `${layer === "dns" ? "DNS" : "TLS"} gives ${nothing} for ${fqdn}. Probe again; if it stays so, check what lies on the way from ${look.request.fromSubnetId ?? look.found.subnetId}.`,
      };
    case "endpoint":
    case "public":
      return {
        status: "unknown",
        reason: "TimedOut",
        message: `The ${layer} layer of ${fqdn} gives ${nothing}. Probe again.`,
      };
    default:
      return layer satisfies never;
  }
}
