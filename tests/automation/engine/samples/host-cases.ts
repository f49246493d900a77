/**
 * Failures that the engine's own machine causes: state, disk, locks, plugins, the program. A full disk and a
 * read-only folder are file systems in memory, mounted where the stack's files are, so that the kernel refuses
 * as it would for anybody: mode bits stop nobody who is root. Mounting needs root on Linux.
 */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { RunError } from "@pulumi/pulumi";
import type { Lab, Recording, SampleCase } from "./lab.ts";
import { grant, platform, role } from "./specs.ts";

const stateCases: readonly SampleCase[] = [
  {
    name: "locked-by-a-person",
    what: "another engine holds the stack's lock",
    record: async (lab) => {
      const spec = grant(lab.host, "locked");
      await lab.prepare(spec);
      const folder = lab.locksOf(spec.stack);
      await mkdir(folder, { recursive: true });
      const lock = { pid: 4711, username: "person", hostname: "host-1", timestamp: "2026-01-02T03:04:05Z" };
      await writeFile(path.join(folder, "b2a7bb7e-9b2e-4b6e-8d5c-5f1d4f5e6a7b.json"), JSON.stringify(lock));
      return lab.run(spec);
    },
  },
  {
    name: "corrupt-checkpoint",
    what: "the stack's checkpoint file is cut off in the middle",
    record: async (lab) => {
      const spec = grant(lab.host, "corrupt");
      await lab.prepare(spec);
      const file = lab.checkpointOf(spec.stack);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.slice(0, text.length / 2));
      return lab.run(spec);
    },
  },
  {
    name: "empty-checkpoint",
    what: "the stack's checkpoint file is empty, as after a crash of the machine",
    record: async (lab) => {
      const spec = grant(lab.host, "empty");
      await lab.prepare(spec);
      await writeFile(lab.checkpointOf(spec.stack), "");
      return lab.run(spec);
    },
  },
  {
    name: "wrong-passphrase",
    what: "the passphrase is not the one that the state was encrypted with",
    record: async (lab) => {
      const spec = grant(lab.host, "passphrase");
      await lab.prepare(spec);
      const file = path.join(lab.home, "other-passphrase");
      await writeFile(file, "not-the-one");
      return lab.run(spec, { environment: { PULUMI_CONFIG_PASSPHRASE_FILE: file } });
    },
  },
  {
    name: "passphrase-file-gone",
    what: "the passphrase file is not there",
    record: (lab) =>
      lab.run(grant(lab.host, "no-passphrase"), {
        environment: { PULUMI_CONFIG_PASSPHRASE_FILE: path.join(lab.home, "no-such-file") },
      }),
  },
];

const diskCases: readonly SampleCase[] = [
  {
    name: "state-gone",
    what: "the folder of the state backend is not there",
    record: async (lab) =>
      lab.run(grant(lab.host, "state-gone"), {
        environment: { PULUMI_BACKEND_URL: `file://${path.join(lab.home, "no-such-folder")}` },
      }),
  },
  {
    name: "read-only-state",
    what: "the folder of the state backend is mounted read-only",
    record: (lab) => onMountedState(lab, "read-only", async (folder) => remount(folder, "ro")),
  },
  {
    name: "full-disk-at-start",
    what: "the disk of the state backend is full before the engine starts",
    record: (lab) => onMountedState(lab, "full", fill),
  },
  {
    name: "full-disk-in-run",
    what: "the disk of the state backend becomes full while a create is under way",
    record: async (lab) => {
      await lab.addFault({ type: "Grant", call: "create", kind: "hang" });
      return onMountedState(
        lab,
        "fills-up",
        async () => {},
        async (folder) => {
          await lab.struck();
          await fill(folder);
          await lab.clearFaults();
        },
      );
    },
  },
];

/** A run whose state lies on a small file system of its own. */
async function onMountedState(
  lab: Lab,
  name: string,
  before: (folder: string) => Promise<void>,
  during?: (folder: string) => Promise<void>,
): Promise<Recording> {
  const spec = grant(lab.host, name);
  await lab.makeFiles(spec.stack);
  const folder = path.join(lab.home, `disk-${name}`);
  await mkdir(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
  try {
    await cp(path.join(lab.backend, ".pulumi"), path.join(folder, ".pulumi"), {
      recursive: true,
      // other stacks, their history and backups are not asked for
      filter: (file) => !/\/(?:history|backups|locks)(?:\/|$)/.test(file) && !isOtherStack(file, spec.stack),
    });
    await before(folder);
    return await lab.run(spec, {
      environment: { PULUMI_BACKEND_URL: `file://${folder}?metadata=skip` },
      ...(during ? { during: () => during(folder) } : {}),
    });
  } finally {
    execFileSync("umount", [folder]);
    await rm(folder, { recursive: true });
  }
}

const isOtherStack = (file: string, stack: string): boolean =>
  file.includes(".json") && file.includes("/stacks/") && !file.includes(stack);

async function remount(folder: string, mode: "ro"): Promise<void> {
  execFileSync("mount", ["-o", `remount,${mode}`, folder]);
}

/** To the last byte. */
async function fill(folder: string): Promise<void> {
  let bytes = 64 * 1024;
  for (let part = 0; bytes >= 1; part++) {
    const file = path.join(folder, `filler-${part}`);
    const written = await writeFile(file, Buffer.alloc(bytes)).then(
      () => true,
      () => false,
    );
    if (!written) bytes = Math.floor(bytes / 2);
  }
}

const programCases: readonly SampleCase[] = [
  {
    name: "guardrail-refusal",
    what: "the spec breaks a guardrail: an Azure role on a whole resource group",
    record: (lab) => {
      const { subscriptionId, resourceGroup } = platform("eastus").environment;
      return lab.run(
        role(lab.host, "guardrail", `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`),
      );
    },
  },
  {
    name: "program-throws",
    what: "the program throws an error that is no RunError",
    record: (lab) =>
      lab.run(grant(lab.host, "throws"), {
        program: async () => {
          throw new TypeError("undefined is not a row");
        },
      }),
  },
  {
    name: "program-run-error",
    what: "the program throws a RunError",
    record: (lab) =>
      lab.run(grant(lab.host, "run-error"), {
        program: async () => {
          throw new RunError("Stack x, address space: too small");
        },
      }),
  },
  {
    name: "missing-plugin",
    what: "the azure-native provider is neither attached nor installed",
    record: (lab) =>
      lab.run(platform("plugin"), {
        environment: { PULUMI_DEBUG_PROVIDERS: "" },
      }),
  },
  {
    name: "engine-gone",
    what: "the engine's executable is not there",
    record: (lab) =>
      lab.run(grant(lab.host, "engine-gone"), { command: path.join(lab.home, "no-such-engine") }),
  },
  {
    name: "engine-not-executable",
    what: "the engine's executable was replaced by a file that is no program",
    record: async (lab) => {
      const command = path.join(lab.home, "half-written-engine");
      await writeFile(command, "\u007fELF", { mode: 0o755 });
      return lab.run(grant(lab.host, "engine-broken"), { command });
    },
  },
];

export const hostCases: readonly SampleCase[] = [...stateCases, ...diskCases, ...programCases];
