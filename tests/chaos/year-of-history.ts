/** A year of updates as the engine keeps them: two files an update, copies of a real one with times of their own. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { backendOf } from "./home-files.ts";

const yearSeconds = 365 * 24 * 3_600;
// Files at once: plenty for a disk, few enough for the limit of open ones.
const batch = 100;

/** Writes `updates` updates, spread evenly over the year before the stack's newest; resolves to the files there are. */
export async function writeYearOfHistory(home: string, stack: string, updates: number): Promise<number> {
  const folder = path.join(backendOf(home), ".pulumi", "history", "rowgate", stack);
  await mkdir(folder, { recursive: true });
  const real = (await readdir(folder)).filter((file) => file.endsWith(".history.json")).toSorted();
  const newest = real.at(-1);
  const nanos = /-(\d+)\.history\.json$/.exec(newest ?? "")?.[1];
  if (newest === undefined || nanos === undefined)
    throw new Error(`Stack ${stack} has no history in ${folder} that could be copied: let it run once.`);
  const update = JSON.parse(await readFile(path.join(folder, newest), "utf8"));
  const checkpoint = await readFile(path.join(folder, newest.replace(".history.", ".checkpoint.")), "utf8");
  const endSeconds = Math.floor(Number(BigInt(nanos) / 1_000_000_000n));
  for (let first = 0; first < updates; first += batch) {
    const indexes = Array.from({ length: Math.min(batch, updates - first) }, (_, index) => first + index);
    await Promise.all(
      indexes.map(async (index) => {
        const at = endSeconds - yearSeconds + Math.floor((index * (yearSeconds - 60)) / updates);
        const name = path.join(folder, `${stack}-${BigInt(at) * 1_000_000_000n + BigInt(index)}`);
        await writeFile(
          `${name}.history.json`,
          JSON.stringify({ ...update, startTime: at, endTime: at + 1 }),
        );
        await writeFile(`${name}.checkpoint.json`, checkpoint);
      }),
    );
  }
  return (await readdir(folder)).length;
}
