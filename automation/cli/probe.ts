/** `rowgate probe`: whether private endpoints do what they are for, looked at now. */
import { Command } from "commander";
import { type ProbeBody, probeListBody, stackListBody } from "../http/contract.ts";
import { type CommandContext, failedExit } from "./command-context.ts";
import { cell, type Format, inFormat, outputOption } from "./output.ts";
import type { ServiceClient } from "./service-client.ts";
import { formatTable } from "./table.ts";

interface Target {
  readonly stack: string;
  /** null: all endpoints of the stack */
  readonly endpoint: string | null;
}

export const probeCommand = ({ open, print, endWith }: CommandContext): Command =>
  new Command("probe")
    .description(
      "Probe private endpoints now: connection, name, TCP, TLS, and that the public path is refused. Names the layer that fails, and the fix.",
    )
    .argument("[stack-or-endpoint]", "left out: every endpoint of every stack")
    .addOption(outputOption())
    .action(async (name: string | undefined, { output }: { readonly output: Format }) => {
      const service = await open();
      const probes: ProbeBody[] = [];
      for (const target of await targetsOf(service, name)) probes.push(...(await probe(service, target)));
      print(inFormat(output, probes, () => text(probes)));
      if (probes.some(({ status }) => status !== "ok")) endWith(failedExit);
    });

async function targetsOf(service: ServiceClient, name: string | undefined): Promise<readonly Target[]> {
  const { stacks } = stackListBody.parse(await service.get("/api/stacks"));
  // Before its first success a stack has no endpoint that was applied.
  const probed = stacks.filter(({ kind, lastSuccessAt }) => kind === "network" && lastSuccessAt !== null);
  if (name === undefined) return probed.map(({ stack }) => ({ stack, endpoint: null }));
  if (stacks.some(({ stack }) => stack === name)) return [{ stack: name, endpoint: null }];
  const { probes } = probeListBody.parse(await service.get("/api/probes"));
  const found = probes.filter(({ endpoint }) => endpoint === name);
  if (found.length > 0) return found.map(({ stack, endpoint }) => ({ stack, endpoint }));
  throw new Error(
    `There is no stack ${name}, and no private endpoint of that name was probed yet. \`rowgate probe\` alone probes and names all.`,
  );
}

async function probe(service: ServiceClient, { stack, endpoint }: Target): Promise<readonly ProbeBody[]> {
  const body = endpoint === null ? {} : { endpoint };
  return probeListBody.parse(await service.post(`/api/stacks/${encodeURIComponent(stack)}/probe`, body))
    .probes;
}

const text = (probes: readonly ProbeBody[]): string =>
  probes.length === 0
    ? "No private endpoint was applied yet."
    : formatTable(
        ["ENDPOINT", "STACK", "RESULT", "LAYER", "MESSAGE"],
        probes.map(({ endpoint, stack, status, failedLayer, message }) => [
          endpoint,
          stack,
          status,
          cell(failedLayer),
          cell(message),
        ]),
      );
