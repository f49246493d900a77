/** Talks HTTP to the simulated clouds that run for one ROWGATE_HOME. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const endpointFile = z.object({ httpPort: z.int() });

const cloudObject = z.object({
  cloud: z.string(),
  id: z.string(),
  type: z.string(),
  name: z.string(),
  summary: z.string(),
  body: z.record(z.string(), z.json()),
  createdAt: z.string(),
  changedAt: z.string(),
  deletedAt: z.string().nullable(),
});
export type CloudObject = z.infer<typeof cloudObject>;

const countOrForever = z.union([z.int(), z.literal("forever")]);

const fault = z.object({
  faultId: z.int(),
  type: z.string(),
  call: z.string(),
  kind: z.enum(["error", "throttle", "hang", "drop", "lag"]),
  nth: z.int(),
  times: countOrForever,
  code: z.string().nullable(),
  message: z.string().nullable(),
  retryAfterSeconds: z.int().nullable(),
  seconds: z.number().nullable(),
  afterCommit: z.boolean(),
  seen: z.int(),
  remaining: countOrForever,
});
export type Fault = z.infer<typeof fault>;

const activityEvent = z.object({
  seq: z.int(),
  at: z.string(),
  caller: z.string(),
  operation: z.string(),
  resourceId: z.string(),
  correlationId: z.string(),
  status: z.string(),
  message: z.string().nullable(),
});
export type ActivityEvent = z.infer<typeof activityEvent>;

const settings = z.record(z.string(), z.union([z.number(), z.boolean()]).nullable());
export type CloudSettings = z.infer<typeof settings>;

const evaluation = z.object({ rule: z.string(), at: z.string(), fault: z.string().nullable() });
export type Evaluation = z.infer<typeof evaluation>;

const evaluationList = z.object({ value: z.array(evaluation) });
const everyonesAccess = z.object({
  principals: z.array(z.object({ objectId: z.string(), name: z.string() })),
  can: z.array(
    z.object({
      principal: z.string(),
      action: z.string(),
      object: z.string(),
      through: z.string().nullable(),
    }),
  ),
});
type EveryonesAccess = z.infer<typeof everyonesAccess>;

const activityList = z.object({ value: z.array(activityEvent) });
const objectList = z.object({ value: z.array(cloudObject) });
const faultList = z.object({ value: z.array(fault) });
const problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** longest that a call of the simulated clouds takes is well under a second */
const timeoutMs = 10_000;

export interface ListQuery {
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly deleted?: boolean | undefined;
}

export class CloudsClient {
  readonly #base: string;

  constructor(httpPort: number) {
    this.#base = `http://127.0.0.1:${httpPort}`;
  }

  async list(query: ListQuery = {}): Promise<CloudObject[]> {
    const search = new URLSearchParams();
    if (query.type) search.set("type", query.type);
    if (query.name) search.set("name", query.name);
    if (query.deleted) search.set("deleted", "true");
    return objectList.parse(await this.#send("GET", `/sandbox/objects?${search}`)).value;
  }

  async put(id: string, change: Readonly<Record<string, unknown>>): Promise<CloudObject> {
    return cloudObject.parse(await this.#send("PUT", `/sandbox/objects/${encodeURIComponent(id)}`, change));
  }

  async remove(id: string): Promise<void> {
    await this.#send("DELETE", `/sandbox/objects/${encodeURIComponent(id)}`);
  }

  /** Azure's activity log, oldest first, after the event of this number. */
  async activity(since: number): Promise<ActivityEvent[]> {
    return activityList.parse(await this.#send("GET", `/sandbox/activity?since=${since}`)).value;
  }

  /** What everybody can do, in the words that rows' access is told in. */
  async everyonesAccess(): Promise<EveryonesAccess> {
    return everyonesAccess.parse(await this.#send("GET", "/sandbox/access"));
  }

  async settings(): Promise<CloudSettings> {
    return settings.parse(await this.#send("GET", "/sandbox/settings"));
  }

  async changeSettings(change: CloudSettings): Promise<CloudSettings> {
    return settings.parse(await this.#send("PUT", "/sandbox/settings", change));
  }

  /** Rows of a stream, as a principal sends them to the ingestion endpoint of Azure Monitor. */
  async ingest(rows: {
    readonly immutableId: string;
    readonly stream: string;
    readonly principal: string;
    readonly rows: readonly Readonly<Record<string, unknown>>[];
  }): Promise<void> {
    const target = `/dataCollectionRules/${rows.immutableId}/streams/${encodeURIComponent(rows.stream)}`;
    const headers = { "x-simulated-principal": rows.principal };
    await this.#send("POST", `${target}?api-version=2023-01-01`, rows.rows, headers);
  }

  /** Looks at every alert rule, now or as of that instant. */
  async evaluate(at: string | undefined): Promise<Evaluation[]> {
    const body = at === undefined ? {} : { at };
    return evaluationList.parse(await this.#send("POST", "/sandbox/monitor/evaluate", body)).value;
  }

  async faults(): Promise<Fault[]> {
    return faultList.parse(await this.#send("GET", "/sandbox/faults")).value;
  }

  async addFault(request: Readonly<Record<string, unknown>>): Promise<Fault> {
    return fault.parse(await this.#send("POST", "/sandbox/faults", request));
  }

  async clearFaults(faultId: number | undefined): Promise<number> {
    const cleared = await this.#send(
      "DELETE",
      `/sandbox/faults${faultId === undefined ? "" : `/${faultId}`}`,
    );
    return z.object({ cleared: z.int() }).parse(cleared).cleared;
  }

  async #send(
    method: string,
    target: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const response = await fetch(this.#base + target, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined
        ? { headers }
        : { body: JSON.stringify(body), headers: { ...headers, "content-type": "application/json" } }),
    }).catch(() => notRunning());
    const text = await response.text();
    const answer: unknown = text === "" ? undefined : JSON.parse(text);
    if (response.ok) return answer;
    const told = problem.safeParse(answer);
    throw new Error(
      told.success ? told.data.error.message : `The simulated clouds answered ${response.status}.`,
    );
  }
}

export async function openClouds(home: string): Promise<CloudsClient> {
  const file = path.join(home, "clouds", "endpoint.json");
  const text = await readFile(file, "utf8").catch(() => notRunning(file));
  return new CloudsClient(endpointFile.parse(JSON.parse(text)).httpPort);
}

function notRunning(file?: string): never {
  const why = file ? `there is no ${file}` : "they do not answer";
  throw new Error(
    `The simulated clouds are not running: ${why}. Start the service with \`npm start\`, or set ROWGATE_HOME to its folder.`,
  );
}
