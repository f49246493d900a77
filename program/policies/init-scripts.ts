import { guardrail } from "./pieces.ts";

export const initScripts = guardrail(
  {
    id: "init-scripts",
    invariant: "I13",
    title: "What runs at a cluster's start comes from a Unity Catalog volume",
    reason: "InitScript",
    reference: "SAT",
    fix: "Put the script into a volume (/Volumes/...), where Unity Catalog decides who writes it.",
  },
  (piece) => {
    if (piece.kind !== "cluster") return null;
    const outside = piece.initScripts.filter((path) => !/^\/Volumes\/[^.]/.test(path) || path.includes(".."));
    return outside.length === 0
      ? null
      : { message: `Cluster ${piece.name} starts with ${outside.join(", ")}.` };
  },
);
