import type { MetadataStore, ProbeRecord } from "../../../metadata-schema/store.ts";
import { ServiceError } from "../../errors.ts";
import {
  type ProbeBody,
  type ProbeListBody,
  probeRequestBody,
  probesQuery,
  textIdParameter,
} from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { stackNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";
import type { ProbeOutcome } from "../services.ts";

/** The latest result of each endpoint that there is; `?stack=`: the newest results of one stack's, history included. */
export const listProbes: Handler = async (call, { store }) => {
  const { stack, limit } = parse(probesQuery, call.query, "query");
  if (stack === undefined) return probesReply(await latestProbes(store));
  if ((await store.getStack(stack)) === null) throw stackNotFound(stack);
  return probesReply(await store.recentProbes({ stack, limit }));
};

/** Probes now; the answer comes once every endpoint has its result, within half a minute for a few of them. */
export const postProbe: Handler = async (call, { probe }) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const { endpoint } = parse(probeRequestBody, call.body, "body");
  const outcome = await probe(id, endpoint);
  if (outcome.status !== "probed") throw notProbed(outcome.status, id, endpoint);
  return probesReply(outcome.probes);
};

const probesReply = (probes: readonly ProbeRecord[]) => {
  const body: ProbeListBody = { probes: probes.map(bodyOf) };
  return json(200, body);
};

const bodyOf = ({ layers, ...probe }: ProbeRecord): ProbeBody => ({ ...probe, layers: [...layers] });

/** Without endpoints that their stack has no more. */
async function latestProbes(store: MetadataStore): Promise<readonly ProbeRecord[]> {
  const latest = await store.latestProbes();
  const stacks = [...new Set(latest.map(({ stack }) => stack))];
  const existing = new Set<string>();
  for (const stack of stacks) {
    const spec = (await store.getStack(stack))?.appliedSpec;
    if (spec?.kind === "network") for (const { name } of spec.endpoints) existing.add(`${stack} ${name}`);
  }
  return latest.filter(({ stack, endpoint }) => existing.has(`${stack} ${endpoint}`));
}

function notProbed(
  status: Exclude<ProbeOutcome["status"], "probed">,
  stack: string,
  endpoint: string | undefined,
): ServiceError {
  switch (status) {
    case "no-stack":
      return stackNotFound(stack);
    case "no-such-endpoint":
      return new ServiceError({
        code: "EndpointNotFound",
        status: 404,
        message: `Stack ${stack} has no private endpoint "${endpoint}". Leave it out to probe all that it has.`,
      });
    case "no-endpoints":
      return new ServiceError({
        code: "NothingToProbe",
        status: 409,
        message: `Stack ${stack} has no private endpoint that was applied. Stacks of kind network have some, once a run has succeeded.`,
      });
    case "stopping":
      return new ServiceError({
        code: "Stopping",
        status: 503,
        message: "The service is stopping. Probe again once it runs.",
      });
    default:
      return status satisfies never;
  }
}
