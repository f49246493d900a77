import { writeDocuments } from "../../../metadata-schema/documents/write-documents.ts";
import { type ApplyBody, applyRequestBody, type ExportBody, exportQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { parse } from "../parse.ts";

/** 200 with the changes, made or only told; 422 with every fault of the documents, and nothing written. */
export const postApply: Handler = async (call, { applyDocuments }) => {
  const request = parse(applyRequestBody, call.body, "body");
  const { changes, plan } = await applyDocuments(request);
  const body: ApplyBody = { applied: !request.dryRun, plan, changes };
  return json(200, body);
};

export const getExport: Handler = async (call, { store }) => {
  const { jobId } = parse(exportQuery, call.query, "query");
  const rows = await store.readRows(jobId === undefined ? {} : { jobId });
  const body: ExportBody = { documents: [...writeDocuments(rows)] };
  return json(200, body);
};
