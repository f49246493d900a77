/** Web and webhook activities: real calls to where their host is mapped. */
import { at, type Body, isBody, type Json, textAt } from "../json.ts";
import { type Sent, send } from "../outgoing.ts";
import { asText } from "./adf-expression.ts";
import { timespanSeconds } from "./adf-words.ts";
import { userIdentitiesOf } from "./data-factory.ts";
import { documentIn } from "./data-factory-child.ts";
import { awaitCallback } from "./pipeline-callbacks.ts";
import { pause, type Run } from "./pipeline-run.ts";
import { ActivityFault } from "./pipeline-values.ts";

/** Microsoft, "Web activity": one minute unless httpRequestTimeout says otherwise */
const webTimeoutSeconds = 60;
/** Microsoft, "Webhook activity": ten minutes unless the timeout says otherwise */
const callbackTimeoutSeconds = 600;
const pollSeconds = 1;

export async function callWeb(asked: Body, activity: Body, run: Run): Promise<Json> {
  const headers = headersOf(asked, run);
  const request = { ...asked, headers };
  let sent = answered(await call(run, activity, request), asked);
  // a 202 that says where to look is followed until it is none
  while (sent.code === 202 && sent.headers.get("location") && asked.turnOffAsync !== true) {
    await pause(run, Number(sent.headers.get("retry-after") ?? pollSeconds));
    if (run.stopping.aborted) break;
    const url = new URL(sent.headers.get("location") ?? "", textAt(asked, "url")).href;
    sent = answered(await call(run, activity, { method: "GET", url, headers }), { url });
  }
  return { ...outputOf(sent.text), ADFWebActivityResponseHeaders: Object.fromEntries(sent.headers) };
}

export async function callWebhook(asked: Body, activity: Body, run: Run): Promise<Json> {
  const id = crypto.randomUUID();
  const seconds = timespanSeconds(textAt(asked, "timeout")) ?? callbackTimeoutSeconds;
  const called = awaitCallback(id, { timeoutMs: seconds * 1000, stopping: run.stopping });
  const given = typeof asked.body === "string" ? parseObject(asked.body) : asked.body;
  const body = { ...(isBody(given) ? given : {}), callBackUri: `${run.origin}/adf/callbacks/${id}` };
  answered(await call(run, activity, { ...asked, body, headers: headersOf(asked, run) }), asked);
  const answer = await called;
  if (answer === undefined) {
    throw new ActivityFault("WebHookTimeout", `The webhook was not called back within ${seconds} seconds`);
  }
  const status = Number(at(answer, "statusCode") ?? 200);
  if (asked.reportStatusOnCallBack === true && status >= 400) {
    const message = textAt(answer, "error.Message") || `The callback reported status ${status}`;
    throw new ActivityFault(textAt(answer, "error.ErrorCode") || String(status), message);
  }
  return isBody(answer) && isBody(answer.output) ? answer.output : {};
}

async function call(run: Run, activity: Body, asked: Body): Promise<Sent> {
  const seconds = timespanSeconds(textAt(asked, "httpRequestTimeout")) ?? webTimeoutSeconds;
  const { body } = asked;
  return send(run.ctx, {
    purpose: textAt(activity, "type"),
    about: `${run.runId} ${textAt(activity, "name")}`,
    method: textAt(asked, "method"),
    url: textAt(asked, "url"),
    headers: isBody(asked.headers)
      ? Object.fromEntries(Object.entries(asked.headers).map(([name, value]) => [name, asText(value)]))
      : {},
    ...(body === undefined || body === null ? {} : { body: asText(body) }),
    timeoutMs: seconds * 1000,
    stopping: run.stopping,
  });
}

function answered(sent: Sent, asked: Body): Sent & { status: "answered" } {
  const url = textAt(asked, "url");
  if (sent.status === "failed") {
    throw new ActivityFault("2108", `Error calling the endpoint '${url}'. Message: ${sent.fault}`);
  }
  if (sent.code >= 200 && sent.code < 300) return sent;
  throw new ActivityFault(
    String(sent.code),
    `Error calling the endpoint '${url}'. Response status code: '${sent.code}'. ${sent.text.slice(0, 500)}`,
  );
}

function parseObject(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // text that is no JSON is an answer too
    return undefined;
  }
}

function outputOf(text: string): Body {
  if (text === "") return {};
  const parsed = parseObject(text);
  if (isBody(parsed)) return parsed;
  if (Array.isArray(parsed)) {
    throw new ActivityFault("2001", "The response of a web activity must be a JSON object, not an array");
  }
  return { Response: text };
}

/** The caller's headers, and in place of a token the object id of the identity that would have got one. */
function headersOf(asked: Body, run: Run): Body {
  const headers = isBody(asked.headers) ? asked.headers : {};
  const type = textAt(asked, "authentication.type");
  if (type === "") return headers;
  if (type !== "MSI" && type !== "UserAssignedManagedIdentity") {
    throw new ActivityFault("NotSimulated", `The authentication '${type}' is not simulated in a run`);
  }
  return { ...headers, "x-simulated-principal": principalOf(asked, run) };
}

function principalOf(asked: Body, { ctx, factoryId }: Run): string {
  const factory = ctx.store.get("azure", factoryId)?.body ?? {};
  const name = textAt(asked, "authentication.credential.referenceName");
  if (!name) {
    const own = textAt(factory, "identity.principalId");
    if (own) return own;
    throw new ActivityFault("MSINotFound", "The factory has no identity of its own");
  }
  const document = documentIn(ctx.store, factoryId, { to: "credential", name });
  const identity = textAt(document?.body, "properties.typeProperties.resourceId");
  const isGiven = userIdentitiesOf(factory).some((id) => id.toLowerCase() === identity.toLowerCase());
  if (!isGiven) {
    throw new ActivityFault(
      "MSINotFound",
      `The factory is not given the identity of the credential '${name}'`,
    );
  }
  return textAt(ctx.store.get("azure", identity)?.body, "principalId");
}
