import { guardrail } from "./pieces.ts";

const wanted: readonly string[] = ["environment", "managed_by"];

export const tagsPresent = guardrail(
  {
    id: "tags-present",
    invariant: "I20",
    title: "Every resource that takes tags says whose it is",
    reason: "NoTags",
    reference: "Azure.Resource.UseTags",
    fix: `Give it the tags ${wanted.join(" and ")}.`,
  },
  (piece) => {
    if (piece.kind !== "tags") return null;
    const missing = wanted.filter((tag) => !piece.tags.includes(tag));
    return missing.length === 0 ? null : { message: `${piece.name} has no tag ${missing.join(", ")}.` };
  },
);
