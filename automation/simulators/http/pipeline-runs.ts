/** Pipeline runs over ARM, callbacks of webhooks, and what the sandbox says of lookups. */
import { z } from "zod";
import { listJobRuns } from "../azure/perform-job.ts";
import { lookupNamed, setLookup } from "../azure/perform-lookup.ts";
import { callBack } from "../azure/pipeline-callbacks.ts";
import { showActivityRuns, showRun } from "../azure/pipeline-runs.ts";
import { createRun } from "../azure/run-pipeline.ts";
import { armError } from "../cloud-error.ts";
import { type Body, isBody } from "../json.ts";
import { documentAt, factoryRoute, requireVersion } from "./factory.ts";
import { parse } from "./request.ts";
import type { Answer, HttpCall, Route } from "./route.ts";

const row = z.record(z.string(), z.json());
const lookup = z.union([z.strictObject({ rows: z.array(row) }), z.strictObject({ url: z.url() })]);
const lookups = /^\/sandbox\/lookups\/(.+)$/;

export const pipelineRunRoutes: readonly Route[] = [
  {
    method: "POST",
    lookup: "azure-native",
    path: factoryRoute("/(pipelines)/([^/]+)/createRun"),
    handle: (call) => {
      requireVersion(call);
      const given = isBody(call.body) ? call.body : {};
      const origin = `http://${call.headers.host ?? "127.0.0.1"}`;
      return { status: 200, body: { runId: createRun(call.context, documentAt(call), { given, origin }) } };
    },
  },
  {
    method: "GET",
    lookup: "azure-native",
    path: factoryRoute("/pipelineruns/([^/]+)"),
    handle: (call) => {
      requireVersion(call);
      return { status: 200, body: runAt(call) };
    },
  },
  {
    method: "POST",
    lookup: "azure-native",
    path: factoryRoute("/pipelineruns/([^/]+)/queryActivityruns"),
    handle: (call) => {
      requireVersion(call);
      runAt(call);
      return { status: 200, body: { value: showActivityRuns(call.context.store, call.params[1] ?? "") } };
    },
  },
  { method: "POST", path: /^\/adf\/callbacks\/([0-9a-f-]{36})$/, handle: postCallback },
  {
    method: "PUT",
    path: lookups,
    handle: ({ context, params, body }) => {
      const answer = parse(lookup, body);
      setLookup(context.store, params[0] ?? "", "url" in answer ? answer : { rows: answer.rows as Body[] });
      return { status: 200, body: answer };
    },
  },
  {
    method: "GET",
    path: lookups,
    handle: ({ context, params }) => {
      const answer = lookupNamed(context.store, params[0] ?? "");
      if (answer) return { status: 200, body: answer };
      throw armError(404, "LookupNotFound", `Nothing is known of the lookup ${params[0]}.`);
    },
  },
  {
    method: "GET",
    path: /^\/sandbox\/job-runs$/,
    handle: ({ context }) => ({ status: 200, body: { value: listJobRuns(context.store) } }),
  },
];

function runAt({ context, params }: HttpCall): Body {
  const [factoryId = "", runId = ""] = params;
  const run = showRun(context.store, factoryId, runId);
  if (run) return run;
  throw armError(404, "PipelineRunNotFound", `The pipeline run ${runId} was not found.`);
}

function postCallback({ params, body }: HttpCall): Answer {
  if (callBack(params[0] ?? "", body ?? {})) return { status: 200 };
  throw armError(404, "CallbackNotFound", "No webhook activity waits for this callback.");
}
