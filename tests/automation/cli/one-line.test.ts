/** Whatever a row, a person or a cloud says, it is printed on its own line and moves no cursor. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { oneLine, oneLineValue } from "../../../automation/cli/one-line.ts";
import { createProgram } from "../../../automation/cli/program.ts";
import { type ServiceClient, ServiceRefusal } from "../../../automation/cli/service-client.ts";
import { formatTable } from "../../../automation/cli/table.ts";

const forged = "forged\n+ Jobs 999\r\u001b[2K\u009b1A\u2028\u202e";
const asValue = String.raw`"forged\n+ Jobs 999\r\u001b[2K\u009b1A\u2028\u202e"`;

describe("texts on one line", () => {
  it("values with controls are quoted, sentences are escaped, and all other text stays", () => {
    assert.equal(oneLineValue(forged), asValue);
    assert.equal(oneLine(forged), asValue.slice(1, -1));
    for (const text of ["", 'say "hi"', "a\\nb", "é 👩‍🚀 \u00a0 日本"]) {
      assert.equal(oneLineValue(text), text);
      assert.equal(oneLine(text), text);
    }
  });

  it("a table has one line a row, as wide as what is printed", () => {
    assert.equal(
      formatTable(
        ["A", "B"],
        [
          ["a\nb", "1"],
          ["c", "2"],
        ],
      ),
      'A       B\n"a\\nb"  1\nc       2',
    );
  });
});

const condition = { type: forged, status: "False", reason: forged, message: forged, since: "2026-03-02" };
const job = { jobId: 1, name: forged, environment: forged, priority: forged, enabled: true, owner: forged };
const values = Object.fromEntries(
  ["name", "owner", "role", "permissions", "node_type", "key_vault", "service", "location", "metric"].map(
    (column) => [column, column === "permissions" ? [forged] : forged],
  ),
);
const row = { table: "Access_Policies", key: forged, values, conditions: [condition] };
const run = {
  runId: forged,
  stack: forged,
  kind: forged,
  reason: forged,
  status: forged,
  requestId: forged,
  traceId: forged,
  queuedAt: "2026-03-02",
  startedAt: null,
  endedAt: null,
  changes: { [forged]: 1 },
  failure: { class: forged, message: forged },
};
const times = { lastSuccessAt: null, lastSuccessRunId: null, runningRunId: null };
const stack = {
  ...times,
  stack: forged,
  kind: forged,
  group: forged,
  environment: forged,
  lane: forged,
  wanted: true,
  inSync: false,
  attempts: 1,
  nextAttemptAt: null,
  ready: condition,
  drifted: null,
};
const ask = { table: "Access_Policies", key: forged, ask: forged, objects: [forged], admitted: true };
const found = {
  object: forged,
  stack: forged,
  kind: forged,
  applied: true,
  admitted: true,
  ask: forged,
};
const step = { operation: forged, urn: forged, type: forged, status: "done" };
const change = { table: "Access_Policies", key: forged, jobId: 1, about: `of ${forged}` };
const columns = { name: { before: forged, after: { list: [`${forged}x`] } } };

const alert = {
  number: 1,
  alertId: forged,
  ruleId: forged,
  jobId: 1,
  metric: forged,
  severity: 2,
  state: "Fired",
  firedAt: forged,
  resolvedAt: null,
  description: forged,
  essentials: {},
};
const probe = {
  stack: forged,
  endpoint: forged,
  at: forged,
  runId: null,
  status: "failed",
  failedLayer: forged,
  reason: forged,
  message: forged,
  layers: [],
};

/** What a service answers, by the beginning of the route. */
const answers: readonly (readonly [string, unknown])[] = [
  ["/api/jobs?", { jobs: [{ ...job, ready: condition }], next: null }],
  [
    "/api/jobs/1/outputs",
    {
      jobId: 1,
      environment: forged,
      asOf: forged,
      runId: forged,
      stale: true,
      outputs: { [forged]: { a: forged } },
    },
  ],
  [
    "/api/jobs/1",
    { ...job, conditions: [condition], rows: [], stacks: [{ ...stack, ...times, conditions: [condition] }] },
  ],
  ["/api/rows?", { rows: [row] }],
  ["/api/stacks?", { stacks: [stack] }],
  [
    "/api/stacks/",
    {
      ...stack,
      conditions: [condition],
      contributions: [{ subject: forged, jobId: 1, asks: [ask] }],
      runs: [run],
    },
  ],
  ["/api/stacks", { stacks: [{ ...stack, ...times, kind: "network", lastSuccessAt: forged }] }],
  ["/api/alerts?", { alerts: [alert] }],
  ["/api/runs?", { runs: [run] }],
  ["/api/runs/r/steps", { steps: [{ ...step, number: 1, at: forged, objectId: forged, message: forged }] }],
  ["/api/runs/r", run],
  ["/api/why?row", { row: { ...change, values }, conditions: [condition], objects: [found] }],
  [
    "/api/why?object",
    {
      objects: [
        { ...found, rows: [{ ...ask, jobId: 1 }] },
        { ...found, rows: [] },
      ],
    },
  ],
  [
    "/api/requests/",
    { request: "q", kind: forged, jobId: 1, stack: null, createdAt: forged, status: "failed", runs: [run] },
  ],
  [
    "/api/engine",
    {
      path: forged,
      version: forged,
      slots: 1,
      urgentSlots: 1,
      running: 1,
      closedFor: [forged],
      unknownState: [{ stack: forged, changedAt: forged }],
      slotStates: [{ state: "running", forMs: 1, stack: forged, rssBytes: 1 }],
      pauses: [{ subscriptionId: forged, until: forged, reason: forged }],
    },
  ],
];
const service: ServiceClient = {
  get: async (route) => answers.find(([begins]) => route.startsWith(begins))?.[1],
  post: async (route) =>
    route === "/api/apply"
      ? {
          applied: true,
          plan: "p",
          changes: ["insert", "update", "delete"].map((kind) => ({ ...change, kind, columns })),
        }
      : route.endsWith("/probe")
        ? { probes: [probe] }
        : { request: "q", runs: [{ id: forged, stack: forged }] },
  events: async function* () {
    yield { id: "1", event: "step", data: step };
    yield { id: "2", event: "ended", data: run };
  },
};

async function printedBy(args: readonly string[], answering = service): Promise<string> {
  const printed: string[] = [];
  const program = createProgram({
    home: "",
    checkout: "",
    environment: {},
    print: (text) => void printed.push(text),
    open: async () => answering,
    endWith: () => {},
    stopped: () => AbortSignal.abort(),
    stdin: async () => Buffer.from("job_id: 1\n"),
    confirm: null,
  });
  await program.parseAsync([...args], { from: "user" });
  return printed.join("\n");
}

describe("no command lets a value forge a line", () => {
  const commands = [
    "get jobs",
    "get stacks",
    "get runs",
    "get policies",
    "get environments",
    "get clusters",
    "get alerts",
    "probe",
    "describe job 1",
    "describe stack s",
    "describe run r",
    "outputs 1",
    "why policies/1",
    "why something",
    "watch",
    "refresh 1",
    "reconcile 1 --wait",
    "engine status",
    "apply -f -",
    "diff -f -",
  ];
  for (const command of commands) {
    it(command, async () => {
      const text = await printedBy(command.split(" "));
      assert.match(text, /forged\\n\+ Jobs 999/, "the value is there");
      assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\u2028\u202e]/u);
      assert.doesNotMatch(text, /^\s*\+ Jobs 999/m);
    });
  }

  it("nor a fault of a file", async () => {
    const details = [{ document: 0, path: [forged], message: forged }];
    const refuses: ServiceClient = {
      ...service,
      post: () => Promise.reject(new ServiceRefusal("DocumentsRefused", "", details)),
    };
    await assert.rejects(printedBy(["apply", "-f", "-"], refuses), ({ message }: Error) => {
      assert.equal(
        message,
        `<stdin>:1:1: ${asValue.slice(1, -1)}: ${asValue.slice(1, -1)}\n1 fault; nothing was written.`,
      );
      return true;
    });
  });
});
