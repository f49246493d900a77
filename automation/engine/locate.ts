/** Finds the objects that resources describe, by the adoption table. */
import { ruleFor } from "../../program/adoption/adoption-table.ts";
import type { LookupRule, Properties } from "../../program/adoption/rules.ts";
import type { StateResource } from "./checkpoint.ts";
import type { Answer, Ask } from "./scratch-stack.ts";

export type Located =
  /** `isSure`: the cloud has shown it; else only its id is known */
  | { readonly status: "found"; readonly id: string; readonly isSure: boolean }
  | { readonly status: "absent" }
  /** inputs that it is found by are not known yet */
  | { readonly status: "unknown" }
  | { readonly status: "unresolved"; readonly candidates: readonly string[]; readonly why: string };

export interface Sought {
  readonly resource: StateResource;
  /** the provider resource that it belongs to, for its settings */
  readonly provider: StateResource;
}

/** Whether locating this one takes a provider. */
export const needsProvider = ({ resource }: Sought): boolean => ruleFor(resource.type).kind === "lookup";

/** `ask` is used only where `needsProvider`. Throws when a provider can't answer. */
export async function locate(sought: Sought, ask: Ask): Promise<Located> {
  const { resource, provider } = sought;
  const inputs = resource.inputs ?? {};
  const rule = ruleFor(resource.type);
  switch (rule.kind) {
    case "id": {
      const id = rule.id(inputs, provider.inputs ?? {});
      return id === null ? { status: "unknown" } : { status: "found", id, isSure: false };
    }
    case "lookup":
      return lookUp(rule, sought, ask);
    case "ask":
      return { status: "unresolved", candidates: [], why: `its provider can't look it up; ${rule.where}` };
    default:
      return rule satisfies never;
  }
}

async function lookUp(rule: LookupRule, { resource, provider }: Sought, ask: Ask): Promise<Located> {
  const inputs = resource.inputs ?? {};
  const question = rule.search(inputs);
  if (question === null) return { status: "unknown" };
  const found = await ask(question, provider);
  if (found.status === "refused") {
    if (rule.absent.test(found.message)) return { status: "absent" };
    if (rule.several?.test(found.message)) return several([]);
    throw lookupFault(resource, found.message);
  }
  const { inspect } = rule;
  const shown = await Promise.all(
    rule.ids(found.value).map(async (id) => ({
      id,
      answer: inspect === null ? found.value : shownBy(resource, await ask(inspect(id), provider)),
    })),
  );
  const judged = shown.map(({ id, answer }) => ({ id, verdict: rule.judge(answer, inputs) }));
  const named = judged.filter(({ verdict }) => verdict !== "other");
  const [only] = named;
  if (only === undefined) return { status: "absent" };
  if (named.length > 1) return several(named.map(({ id }) => id));
  if (only.verdict === "ours") return { status: "found", id: only.id, isSure: true };
  return {
    status: "unresolved",
    candidates: [only.id],
    why: "one has its name, and nothing shows that it is ours",
  };
}

const several = (candidates: readonly string[]): Located => ({
  status: "unresolved",
  candidates,
  why: "more than one has its name",
});

function shownBy(resource: StateResource, answer: Answer): Properties {
  if (answer.status === "answered") return answer.value;
  throw lookupFault(resource, answer.message);
}

const lookupFault = ({ urn }: StateResource, message: string): Error =>
  new Error(`The object of ${urn} could not be looked up: ${message}`);
