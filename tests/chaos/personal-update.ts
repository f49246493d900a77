/** A person runs `pulumi up` on a stack of a home, with the real engine, the home's state and its passphrase. */
import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { JobSpec } from "../../metadata-schema/desired-state.ts";
import { stackProgram } from "../../program/stack-program.ts";
import { serveProgram } from "../support/language-server.ts";
import { enginePath, type TestService } from "../support/service.ts";
import { backendOf } from "./home-files.ts";

export interface PersonalUpdate {
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
  /** names and contents of the stack's locks */
  locks(): Promise<readonly (readonly [string, string])[]>;
  remove(): Promise<void>;
}

/** Begins to give a job's cluster another size than its row says. */
export async function personalUpdate(
  service: TestService,
  stack: string,
  maxWorkers: number,
): Promise<PersonalUpdate> {
  const [row] = service.sql("SELECT desired_spec FROM Stacks WHERE stack = ?", stack);
  const spec: JobSpec = JSON.parse(String(row?.desired_spec));
  const served = await serveProgram(stackProgram({ ...spec, cluster: { ...spec.cluster, maxWorkers } }));
  const folder = await mkdtemp(path.join(tmpdir(), "rowgate-person-"));
  const state = path.join(service.home, "state");
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: rowgate\nruntime: nodejs\n");
  await copyFile(
    path.join(state, "workspaces", stack, `Pulumi.${stack}.yaml`),
    path.join(folder, `Pulumi.${stack}.yaml`),
  );
  const { grpcPort } = JSON.parse(await readFile(path.join(service.home, "clouds", "endpoint.json"), "utf8"));
  const providers = ["azure-native", "azuread", "databricks"].map((name) => `${name}:${grpcPort}`);
  const engine = spawn(
    enginePath(),
    [
      "up",
      "--yes",
      "--skip-preview",
      "--non-interactive",
      "--stack",
      stack,
      `--client=127.0.0.1:${served.port}`,
    ],
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: folder,
        PULUMI_HOME: path.join(folder, "pulumi"),
        PULUMI_BACKEND_URL: `${pathToFileURL(backendOf(service.home)).href}?metadata=skip`,
        PULUMI_CONFIG_PASSPHRASE_FILE: path.join(state, "passphrase"),
        PULUMI_DEBUG_PROVIDERS: providers.join(","),
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let text = "";
  for (const stream of [engine.stdout, engine.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  const locks = path.join(backendOf(service.home), ".pulumi", "locks", "organization", "rowgate", stack);
  return {
    ended: new Promise((resolve) => engine.once("close", (code) => resolve({ code, text }))),
    locks: async () =>
      Promise.all(
        (await readdir(locks).catch(() => []))
          .toSorted()
          .map(async (name) => [name, await readFile(path.join(locks, name), "utf8")] as const),
      ),
    remove: async () => {
      engine.kill("SIGKILL");
      served.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
