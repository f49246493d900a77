/**
 * A home's state tells what exists in one cloud. With another cloud behind it, all of that would be missing and
 * everything be made anew; so a home is of the sandbox or of Azure for good.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ServiceError } from "./errors.ts";

// Beside the state, so that it is backed up and restored with it.
const cloudFile = (home: string): string => path.join(home, "state", "cloud");

/** Takes a new home for this cloud. ServiceError CloudChanged if it is of another one. */
export async function claimHomeCloud(home: string, cloud: "sandbox" | "azure"): Promise<void> {
  const file = cloudFile(home);
  const known = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => (hasSandboxState(home) ? "sandbox" : null),
  );
  if (known !== null && known !== cloud)
    throw new ServiceError({
      code: "CloudChanged",
      status: 500,
      message:
        `The home ${home} has the state of ${known === "sandbox" ? "the sandbox" : "Azure"}, and ROWGATE_CLOUD is ${cloud}. ` +
        `Give each a home of its own: set ROWGATE_HOME to another folder, or ROWGATE_CLOUD=${known}.`,
    });
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${cloud}\n`, { mode: 0o600 });
}

/** Homes of releases without such a file were all of the sandbox. */
const hasSandboxState = (home: string): boolean => existsSync(path.join(home, "clouds"));
