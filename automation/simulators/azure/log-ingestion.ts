/** The Logs Ingestion API: rows of a stream, checked against its declaration, into the table it leads to. */
import { armError } from "../cloud-error.ts";
import { type Body, bodiesAt, isBody, type Json, textAt, textsAt } from "../json.ts";
import type { CallContext } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { collectionRuleToken, streamColumns, tableNameOf } from "./data-collection.ts";
import { addRows, tableOf } from "./log-analytics.ts";
import { holdsRole } from "./role-holders.ts";

/** Monitoring Metrics Publisher */
const publisher = "3913510d-42f4-4e42-8a64-420c390055eb";

export interface Ingestion {
  readonly immutableId: string;
  readonly stream: string;
  /** object id of who sends */
  readonly principal: string;
  readonly rows: Json | undefined;
}

/** Takes all rows or none. Answers how many. */
export function ingest(ctx: CallContext, { immutableId, stream, principal, rows }: Ingestion): number {
  const rule = ctx.store
    .ofType(collectionRuleToken)
    .find(({ body }) => textAt(body, "immutableId") === immutableId);
  if (!rule) {
    throw armError(404, "NotFound", `Data collection rule with immutable Id '${immutableId}' not found.`);
  }
  if (!principal || !holdsRole(ctx.store, { principal, role: publisher, resource: rule.id })) {
    throw armError(
      403,
      "OperationFailed",
      `The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '${immutableId}'.`,
    );
  }
  const columns = streamColumns(rule.body, stream);
  const flows = bodiesAt(rule.body, "dataFlows").filter((flow) => textsAt(flow, "streams").includes(stream));
  if (!columns || flows.length === 0) {
    throw armError(
      400,
      "InvalidStream",
      `The stream ${stream} was not configured in the data collection rule.`,
    );
  }
  if (!Array.isArray(rows)) {
    throw armError(400, "InvalidPayload", "The body of an ingestion is a JSON array of rows.");
  }
  const checked = rows.map((row, index) => checkedRow(row, index, columns));
  ctx.store.transaction(() => {
    for (const flow of flows)
      for (const table of tablesOf(ctx, rule, flow, stream)) addRows(ctx.store, table, checked);
  });
  return checked.length;
}

function tablesOf(ctx: CallContext, rule: CloudObject, flow: Body, stream: string): CloudObject[] {
  const names = textsAt(flow, "destinations");
  return bodiesAt(rule.body, "destinations.logAnalytics")
    .filter((destination) => names.includes(textAt(destination, "name")))
    .map((destination) =>
      tableOf(ctx.store, textAt(destination, "workspaceResourceId"), tableNameOf(flow, stream)),
    )
    .filter((table) => table !== undefined);
}

const fits: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === "string",
  int: Number.isInteger,
  long: Number.isInteger,
  real: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  datetime: (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  dynamic: () => true,
};

/** Azure drops in silence what doesn't fit; somebody who tries his job out here is told. */
function checkedRow(row: Json, index: number, columns: ReadonlyMap<string, string>): Body {
  const refused = (why: string) => armError(400, "InvalidPayload", `Row ${index}: ${why}.`);
  if (!isBody(row)) throw refused("a row is an object");
  for (const [name, value] of Object.entries(row)) {
    const type = columns.get(name);
    if (type === undefined) throw refused(`the stream declares no column '${name}'`);
    if (value !== null && !fits[type.toLowerCase()]?.(value)) throw refused(`'${name}' is no ${type}`);
  }
  const at = textAt(row, "TimeGenerated");
  return { ...row, TimeGenerated: (at ? new Date(at) : new Date()).toISOString() };
}
