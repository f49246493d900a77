/** What a service needs of its machine: configuration, engine, home, plugins, clock, database. */
import { constants } from "node:fs";
import { access, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { lookAtMigrations } from "../../metadata-schema/open-migrations.ts";
import { azureArmUrl } from "../azure/arm-client.ts";
import { missingPlugins } from "../engine/plugins.ts";
import { messageOf } from "../errors.ts";
import { engineFolder, readCache } from "../setup/engine-cache.js";
import { engineOnPath } from "../setup/engine-installed.js";
import { COMPATIBLE_RANGE, isCompatible, probeEngine } from "../setup/engine-version.js";
import { providerPlugins } from "../versions.ts";
import { type Finding, inArea } from "./finding.ts";

export interface HostFacts {
  readonly home: string;
  readonly checkout: string;
  readonly metadataUrl: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly cloud: "sandbox" | "azure";
}

const host = inArea("host");

export const hostFindings = async (facts: HostFacts): Promise<readonly Finding[]> => [
  await engineFinding(facts.variables),
  await homeFinding(facts),
  ...(facts.cloud === "azure" ? [await pluginsFinding(facts), await clockFinding()] : []),
];

async function engineFinding(variables: NodeJS.ProcessEnv): Promise<Finding> {
  const fix = "Run `npm start`, which gets it, or set ROWGATE_PULUMI to a pulumi executable.";
  const found = await findEngine(variables);
  if (found === null) return host.fault("engine", "no engine is set up", fix);
  const probe = await probeEngine(found, variables);
  if (probe.status === "fails") return host.fault("engine", `${found} does not run: ${probe.fault}`, fix);
  const told = `Pulumi ${probe.version} at ${found}`;
  return isCompatible(probe.version)
    ? host.ok("engine", told)
    : host.fault("engine", `${told} is not ${COMPATIBLE_RANGE}`, fix);
}

/** As set-up looks for it, but making none. */
async function findEngine(variables: NodeJS.ProcessEnv): Promise<string | null> {
  const named = variables.ROWGATE_ENGINE_PATH || variables.ROWGATE_PULUMI;
  if (named) return named;
  const onPath = await engineOnPath(variables);
  if ("engine" in onPath) return onPath.engine.path;
  const cached = await readCache(engineFolder(variables), variables).catch(() => null);
  return cached?.status === "ready" ? cached.path : null;
}

async function homeFinding({ home, cloud }: HostFacts): Promise<Finding> {
  const folder = await nearest(home);
  try {
    const probe = path.join(folder, `.doctor-${process.pid}`);
    await access(folder, constants.W_OK);
    await writeFile(probe, "probe", { flag: "wx", mode: 0o600 });
    await rm(probe);
  } catch (fault) {
    return host.fault(
      "home",
      `${folder} cannot be written: ${messageOf(fault)}`,
      "Make it writable, or set ROWGATE_HOME to a folder that is.",
    );
  }
  const known = await readFile(path.join(home, "state", "cloud"), "utf8").then(
    (text) => text.trim(),
    () => null,
  );
  if (known !== null && known !== cloud)
    return host.fault(
      "home",
      `${home} has the state of ${known}, and ROWGATE_CLOUD is ${cloud}`,
      "Set ROWGATE_HOME to a folder of its own for each.",
    );
  return host.ok("home", folder === home ? `${home} is writable` : `${home} is made by the first start`);
}

/** The folder itself, or the next one above that is there. */
async function nearest(folder: string): Promise<string> {
  const above = path.dirname(folder);
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  return isThere || above === folder ? folder : nearest(above);
}

async function pluginsFinding({ home, checkout }: HostFacts): Promise<Finding> {
  const plugins = providerPlugins(checkout);
  const missing = await missingPlugins(home, plugins);
  const names = (some: typeof missing): string =>
    some.map(({ name, version }) => `${name} ${version}`).join(", ");
  return missing.length === 0
    ? host.ok("plugins", `installed: ${names(plugins)}`)
    : host.unchecked(
        "plugins",
        `the first start installs ${names(missing)}, for which it has to reach get.pulumi.com`,
      );
}

// Tokens have a validity of their own, and Microsoft Entra ID allows five minutes between two clocks.
const mostSkewSeconds = 60;

/** @param url whose clock is asked; Azure's says whether a token of ours will be too early or too late */
export async function clockFinding(url = azureArmUrl): Promise<Finding> {
  const startedAtMs = Date.now();
  const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(10_000) }).catch(
    () => null,
  );
  const there = Date.parse(response?.headers.get("date") ?? "");
  if (Number.isNaN(there)) return host.unchecked("clock", `${url} does not tell the time`);
  // The answer's second began somewhere in between.
  const seconds = Math.round((there - (startedAtMs + Date.now()) / 2) / 1_000);
  return Math.abs(seconds) <= mostSkewSeconds
    ? host.ok("clock", `within ${mostSkewSeconds} s of Azure's`)
    : host.fault(
        "clock",
        `${Math.abs(seconds)} s ${seconds > 0 ? "behind" : "ahead of"} Azure's`,
        "Set the machine's clock by NTP: tokens would be refused.",
      );
}

export interface DatabaseFindings {
  readonly findings: readonly Finding[];
  /** the schema is as this release needs it: rows can be read without changing anything */
  readonly isReadable: boolean;
}

export async function databaseFindings({ metadataUrl }: HostFacts): Promise<DatabaseFindings> {
  const area = inArea("metadata database");
  try {
    const { database, migrations, fault } = await lookAtMigrations(metadataUrl);
    const pending = migrations.filter(({ state }) => state !== "applied");
    if (fault !== null)
      return {
        findings: [area.fault("schema", `${database}: ${fault}`, "`npx rowgate db status` tells more.")],
        isReadable: false,
      };
    if (pending.length === 0)
      return { findings: [area.ok("schema", `${database} is up to date`)], isReadable: true };
    const isNew = pending.length === migrations.length && metadataUrl.startsWith("sqlite:");
    return {
      findings: [
        isNew
          ? area.unchecked("schema", `${database} is made by the first start`)
          : area.fault(
              "schema",
              `${database} lacks ${pending.length} migrations`,
              "Run `npx rowgate db migrate` as an owner of the database.",
            ),
      ],
      isReadable: false,
    };
  } catch (fault) {
    const message = messageOf(fault);
    return {
      findings: [
        area.fault(
          "reachable",
          message,
          "Check ROWGATE_METADATA_URL, the network to it, and the database user.",
        ),
      ],
      isReadable: false,
    };
  }
}
