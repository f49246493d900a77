/**
 * Lookup activities. There is no SQL in the simulated clouds: what a procedure, query or table answers is put
 * there as rows, or asked of a URL that somebody named.
 */
import { at, type Body, isBody, type Json, textAt } from "../json.ts";
import { send } from "../outgoing.ts";
import type { Store } from "../store.ts";
import { documentIn } from "./data-factory-child.ts";
import type { Run } from "./pipeline-run.ts";
import { ActivityFault } from "./pipeline-values.ts";

/** What a lookup of this name is answered; `*` is the name of all that have none. */
export type LookupAnswer = { readonly rows: readonly Body[] } | { readonly url: string };

const factName = (name: string): string => `lookup ${name.toLowerCase()}`;
/** Data Factory's limit */
const maxRows = 5000;
const timeoutMs = 120_000;

export const setLookup = (store: Store, name: string, answer: LookupAnswer): void =>
  store.setFact(factName(name), JSON.stringify(answer));

export function lookupNamed(store: Store, name: string): LookupAnswer | undefined {
  const text = store.fact(factName(name)) ?? store.fact(factName("*"));
  return text === undefined ? undefined : (JSON.parse(text) as LookupAnswer);
}

export async function lookUp(asked: Body, activity: Body, run: Run): Promise<Json> {
  const name = nameOf(asked, run);
  const answer = lookupNamed(run.ctx.store, name);
  if (!answer) {
    throw new ActivityFault(
      "NotSimulated",
      `Nothing is known of '${name}'. Say what it answers with PUT /sandbox/lookups/${encodeURIComponent(name)}`,
    );
  }
  const rows = "rows" in answer ? answer.rows : await askFor(answer.url, { name, asked, activity, run });
  if (asked.firstRowOnly === false) {
    const value = rows.slice(0, maxRows);
    return { count: value.length, value };
  }
  const [firstRow] = rows;
  return firstRow ? { firstRow } : {};
}

/** The procedure, the query, or the table of the dataset. */
function nameOf(asked: Body, { ctx, factoryId }: Run): string {
  const named =
    textAt(asked, "source.sqlReaderStoredProcedureName") || textAt(asked, "source.sqlReaderQuery");
  if (named) return named;
  const name = textAt(asked, "dataset.referenceName");
  const dataset = documentIn(ctx.store, factoryId, { to: "dataset", name });
  return (
    textAt(dataset?.body, "properties.typeProperties.tableName") ||
    textAt(dataset?.body, "properties.typeProperties.table") ||
    name
  );
}

async function askFor(
  url: string,
  { name, asked, activity, run }: { name: string; asked: Body; activity: Body; run: Run },
): Promise<readonly Body[]> {
  const sent = await send(run.ctx, {
    purpose: "Lookup",
    about: `${run.runId} ${textAt(activity, "name")}`,
    method: "POST",
    url,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, parameters: valuesOf(at(asked, "source.storedProcedureParameters")) }),
    timeoutMs,
    stopping: run.stopping,
  });
  if (sent.status === "failed")
    throw new ActivityFault("2100", `The lookup of '${name}' failed: ${sent.fault}`);
  const rows = sent.code === 200 ? at(JSON.parse(sent.text) as Json, "rows") : undefined;
  if (Array.isArray(rows)) return rows.filter(isBody);
  throw new ActivityFault(
    "2100",
    `The lookup of '${name}' was answered with status ${sent.code} and no rows`,
  );
}

/** `{ job_id: { value, type } }` as `{ job_id: value }`. */
const valuesOf = (parameters: Json | undefined): Body =>
  isBody(parameters)
    ? Object.fromEntries(
        Object.entries(parameters).map(([name, parameter]) => [name, at(parameter, "value") ?? null]),
      )
    : {};
