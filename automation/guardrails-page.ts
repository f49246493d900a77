/** docs/guardrails.md: every guardrail for the people whose rows they refuse. Pure: returns the text. */
import { guardrails } from "../program/policies/judge.ts";
import type { Guardrail } from "../program/policies/pieces.ts";

/** Ids of guardrails about which specs and resources tell nothing. */
export const judgedOnRowsOnly: readonly string[] = [
  "endpoint-of-service",
  "known-permission",
  "own-environment",
  "permission-in-role",
];
const words = (ids: readonly string[]): string =>
  new Intl.ListFormat("en").format(ids.map((id) => `\`${id}\``));

const introduction = `# Guardrails

Made from \`program/policies/\` by \`npm run generate\`; do not edit it by hand.

Rules that nobody's row may break. Each is judged wherever what it is about can be seen: when a row is resolved (and
before it is written), on the whole spec of a stack, on each resource before its call leaves, on all resources of a stack
together, and on what an environment takes over. Only rows show what is behind
${words(judgedOnRowsOnly)}. \`separate-duties\` is
judged on the rows of one job when they are resolved, and on those of all jobs in the spec of the group's access: the
right to change pipelines stays out of that, and its row is Blocked once it is resolved again.

A row that breaks one is Blocked with the guardrail's reason; it keeps what it had, and holds back no other row.
A value that is not known before the run breaks each rule that needs it, but for ids of what the program makes itself.

Those with a "yes" in the last column can be set aside by a row of \`Guardrail_Exceptions\`: for one job, for the subject
that the refusal names, with a reason, until an instant. When it ends, what it let in goes.

Log Analytics and the endpoint that takes metrics keep their public side (I4): they have no private endpoint of their own,
only a scope for all of Azure Monitor. Whether an endpoint is Approved (I5) is for the probes to see.`;

export function guardrailsPage(): string {
  const head = "| guardrail | invariant | it holds | reason | what to do | reference | exceptions |";
  return `${introduction}\n\n${head}\n|---|---|---|---|---|---|---|\n${guardrails.map(line).join("\n")}\n`;
}

const line = ({ id, invariant, title, reason, fix, reference, exceptable }: Guardrail): string =>
  `| \`${id}\` | ${invariant} | ${title}. | \`${reason}\` | ${fix} | ${reference === "" ? "ours" : reference} | ${exceptable ? "yes" : "no"} |`;
