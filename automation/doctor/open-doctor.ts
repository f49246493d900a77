/** Doctor as a process' variables say: which cloud, as whom, which home. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { azureAccess, sandboxAccess } from "../azure/cloud-access.ts";
import { serviceTokens } from "../azure/tokens.ts";
import { readConfig } from "../config.ts";
import { ServiceError } from "../errors.ts";
import { type Finding, inArea } from "./finding.ts";
import { type DoctorClouds, runDoctor } from "./run-doctor.ts";

export interface OpenDoctorOptions {
  readonly home: string;
  readonly checkout: string;
  readonly metadataUrl: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly environment: string | null;
}

const endpoint = z.object({ httpPort: z.int() });

export async function doctorFindings(options: OpenDoctorOptions): Promise<readonly Finding[]> {
  const clouds = cloudsOf(options);
  if ("findings" in clouds) return clouds.findings;
  const cloud = inArea("host").ok(
    "ROWGATE_CLOUD",
    clouds.kind === "azure"
      ? `azure, signing in by ${clouds.method}`
      : "sandbox: simulated clouds; what holds there says nothing about Azure",
  );
  return [cloud, ...(await runDoctor({ ...options, clouds: await withSandbox(clouds, options.home) }))];
}

function cloudsOf({
  home,
  variables,
}: OpenDoctorOptions): DoctorClouds | { readonly findings: readonly Finding[] } {
  try {
    // Where the engine is, doctor finds out itself.
    const { cloud } = readConfig({
      ...variables,
      ROWGATE_HOME: home,
      ROWGATE_ENGINE_PATH: "found by doctor",
    });
    if (cloud.kind === "sandbox") return { kind: "sandbox", access: null };
    const tokenOf = serviceTokens(cloud.signIn);
    return { kind: "azure", access: azureAccess(tokenOf), method: cloud.signIn.method, tokenOf };
  } catch (fault) {
    if (!(fault instanceof ServiceError) || fault.code !== "InvalidConfig") throw fault;
    const area = inArea("configuration");
    const faults = z.array(z.string()).parse(fault.details);
    return {
      findings: faults.map((each) => {
        const [variable = "", ...words] = each.split(": ");
        return area.fault(variable, words.join(": ") || each, "Set it, or leave it out.");
      }),
    };
  }
}

/** Simulated clouds that run tell in their home where they answer. */
async function withSandbox(clouds: DoctorClouds, home: string): Promise<DoctorClouds> {
  if (clouds.kind === "azure") return clouds;
  const text = await readFile(path.join(home, "clouds", "endpoint.json"), "utf8").catch(() => null);
  if (text === null) return clouds;
  const url = `http://127.0.0.1:${endpoint.parse(JSON.parse(text)).httpPort}`;
  const answers = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  return answers?.ok === true ? { kind: "sandbox", access: sandboxAccess(async () => url) } : clouds;
}
