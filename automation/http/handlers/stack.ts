import { type StackBody, textIdParameter } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { stackNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";
import { contributionBody, contributionsTo } from "../why.ts";
import { runBodyOf } from "./run.ts";
import { stackSummary } from "./stacks.ts";

const recentRuns = 10;

/** State of one stack, which rows of which job ask it for what, and its last runs. */
export const getStack: Handler = async (call, { store }) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  const record = await store.getStack(id);
  if (record === null) throw stackNotFound(id);
  const [conditions, contributions, runs] = await Promise.all([
    store.conditions({ kind: "stack", stack: id }),
    contributionsTo(record, store),
    store.recentRuns(id, recentRuns),
  ]);
  const ofType = (wanted: string) => conditions.find(({ type }) => type === wanted);
  const body: StackBody = {
    ...stackSummary(record, { ready: ofType("Ready"), drifted: ofType("Drifted") }),
    conditions: [...conditions],
    contributions: contributions.map((each) => contributionBody(each, record)),
    runs: runs.map(runBodyOf),
  };
  return json(200, body);
};
