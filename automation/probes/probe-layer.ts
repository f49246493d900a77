/** The layers of a probe, in their order, and what a look at one gives. */
import type { Duplex } from "node:stream";
import type { ArmAnswer } from "../azure/arm-client.ts";
import type { Clock } from "../clock.ts";
import type { NetworkView } from "./network-view.ts";

export const probeLayers = ["endpoint", "dns", "tcp", "tls", "public"] as const;
export type ProbeLayer = (typeof probeLayers)[number];

export const probedServices = ["databricks", "keyvault", "dfs", "blob", "sql", "factory", "portal"] as const;
export type ProbedService = (typeof probedServices)[number];

export interface ProbeRequest {
  /** ARM id of the private endpoint */
  readonly endpointId: string;
  readonly service: ProbedService;
  readonly fqdn: string;
  readonly port: number;
  /** what the name must resolve to; absent: the addresses of the endpoint's interfaces */
  readonly expectedAddresses?: readonly string[];
  /** ARM id of the subnet to look from; absent: the endpoint's own */
  readonly fromSubnetId?: string;
}

export interface ProbeDependencies {
  readonly view: NetworkView;
  readonly arm: { get(id: string, options: { readonly signal: AbortSignal }): Promise<ArmAnswer> };
  readonly clock: Clock;
  readonly deadlinesMs?: Partial<Readonly<Record<ProbeLayer, number>>>;
  /** ends the probe early; what it then says is worth nothing */
  readonly signal?: AbortSignal;
}

/** What layers learn for those after them. */
export interface Findings {
  readonly targetId: string;
  readonly subnetId: string;
  readonly addresses: readonly string[];
  /** the connection to the endpoint; null until there is one */
  readonly socket: Duplex | null;
}

/** `unknown`: whoever was asked gave no answer, which says nothing about the thing itself. */
export type Verdict =
  | { readonly status: "ok"; readonly detail: string; readonly found?: Partial<Findings> }
  | { readonly status: "failed" | "unknown"; readonly reason: string; readonly message: string };

export interface Look {
  readonly request: ProbeRequest;
  readonly from: ProbeDependencies;
  readonly found: Findings;
  readonly signal: AbortSignal;
}

export type LookAtLayer = (look: Look) => Promise<Verdict>;

export const nameOf = (id: string): string => id.split("/").at(-1) ?? id;
