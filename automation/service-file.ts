/** `<home>/service.json`: where the service of a home answers. The command line reads it. */
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

export async function writeServiceFile(home: string, url: string): Promise<{ remove(): Promise<void> }> {
  const file = path.join(home, "service.json");
  // Renamed into its place, so that nobody ever reads half of it.
  await writeFile(`${file}.new`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return { remove: () => rm(file, { force: true }) };
}
