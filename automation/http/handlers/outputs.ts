import { jobStack } from "../../../program/layout/names.ts";
import { jobIdParameter, type OutputsBody } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { jobNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";

/** Always one JSON object, as a Data Factory Web activity takes no array. */
export const getOutputs: Handler = async (call, { store }) => {
  const { id } = parse(jobIdParameter, call.parameters, "path");
  const snapshot = await store.loadJob(id);
  if (snapshot.job === null) throw jobNotFound(id);
  const environment = snapshot.environment?.name ?? snapshot.job.environment ?? "";
  const stack = jobStack(environment, id);
  const [outputs, record] = await Promise.all([store.outputs(stack), store.getStack(stack)]);
  const inSync = record !== null && record.appliedHash === record.desired.hash;
  const body: OutputsBody = {
    jobId: id,
    environment,
    asOf: outputs?.asOf ?? null,
    runId: outputs?.runId ?? null,
    stale: outputs === null || !inSync,
    outputs: { ...outputs?.values },
  };
  return json(200, body);
};
