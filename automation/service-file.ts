/** `<home>/service.json`: where the service of a home answers. The command line reads it. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const serviceFile = (home: string): string => path.join(home, "service.json");

export async function writeServiceFile(home: string, url: string): Promise<{ remove(): Promise<void> }> {
  const file = serviceFile(home);
  // Renamed into its place, so that nobody ever reads half of it.
  await writeFile(`${file}.new`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return { remove: () => rm(file, { force: true }) };
}

/** Where the service says that it answers; null: none runs. One that was killed has left its file. */
export async function readServiceUrl(home: string): Promise<string | null> {
  try {
    const found: unknown = JSON.parse(await readFile(serviceFile(home), "utf8"));
    const url = typeof found === "object" && found !== null && "url" in found ? found.url : null;
    return typeof url === "string" ? url : null;
  } catch {
    // no service has written it, or it is gone again
    return null;
  }
}
