import { type RowListBody, rowsQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { jobNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";

/** Rows as people wrote them, with what keeps each out of force. */
export const listRows: Handler = async (call, { store }) => {
  const { table, jobId } = parse(rowsQuery, call.query, "query");
  if (jobId !== undefined && (await store.getJob(jobId)) === null) throw jobNotFound(jobId);
  const [rows, blocked, waiting] = await Promise.all([
    store.readRows({
      ...(table === undefined ? {} : { tables: [table] }),
      ...(jobId === undefined ? {} : { jobId }),
    }),
    store.conditionsByType("row", "Blocked"),
    store.conditionsByType("row", "Waiting"),
  ]);
  const body: RowListBody = {
    rows: rows.map((row) => ({
      ...row,
      conditions: [blocked, waiting].flatMap((all) => all.get(`${row.table} ${row.key}`) ?? []),
    })),
  };
  return json(200, body);
};
