import { rowReference, type WhyObjectBody, whyQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { rowNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";
import { whyObject, whyRow } from "../why.ts";

/** `?object=`: which rows asked for it. `?row=Access_Policies/17`: what it became. */
export const getWhy: Handler = async (call, { store }) => {
  const query = parse(whyQuery, call.query, "query");
  if (query.row === undefined) {
    const body: WhyObjectBody = { objects: [...(await whyObject(store, query.object ?? ""))] };
    return json(200, body);
  }
  const cut = query.row.indexOf("/");
  const reference = { table: query.row.slice(0, cut), key: query.row.slice(cut + 1) };
  const row = parse(rowReference, reference, "row");
  const body = await whyRow(store, row);
  if (body === null) throw rowNotFound(query.row);
  return json(200, body);
};
