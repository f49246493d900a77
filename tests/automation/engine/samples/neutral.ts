/** Takes out of a recording what belongs to one machine or one run, so that recording again changes little. */
import { hostname, userInfo } from "node:os";
import type { Recording } from "./lab.ts";

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

/** `folders`: what stands for each folder of this machine, longest first. */
export function neutralizer(folders: Readonly<Record<string, string>>): (text: string) => string {
  const seen = new Map<string, string>();
  const id = (found: string): string => {
    const known = seen.get(found.toLowerCase());
    if (known !== undefined) return known;
    const made = `00000000-0000-4000-8000-${String(seen.size + 1).padStart(12, "0")}`;
    seen.set(found.toLowerCase(), made);
    return made;
  };
  return (text) => {
    let out = text;
    for (const [folder, name] of Object.entries(folders)) out = out.replaceAll(folder, name);
    return out
      .replaceAll(uuid, id)
      .replaceAll(`${userInfo().username}@${hostname()}`, "person@host-1")
      .replaceAll(/\(pid \d+\)/g, "(pid 4711)")
      .replaceAll(/(127\.0\.0\.1|localhost|\[::1\]):\d+/g, "$1:50051")
      .replaceAll(/adb-\d+\.\d+/g, "adb-1111111111111111.1")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "2026-01-02T03:04:05Z")
      .replaceAll(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d+)?/g, "2026/01/02 03:04:05")
      .replaceAll(/Duration: \S+/g, "Duration: 1s")
      .replaceAll(/-\d{19}\./g, "-1767323045000000000.")
      .replaceAll(/\.[0-9a-f]{16}\.tmp/g, ".0123456789abcdef.tmp")
      .replaceAll(/:\d+:\d+(?=\)?$)/gm, ":1:1");
  };
}

// enough for the engine's last words and its summary
const tailLines = 30;

export const tail = ({ stdout }: Recording): string =>
  stdout.trimEnd().split("\n").slice(-tailLines).join("\n");
