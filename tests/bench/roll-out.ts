/**
 * First roll-out of N jobs, then one change in every stack: the service against a naive parallel loop of
 * `createOrSelectStack` and `up` over the same stacks, the same program and as many slots.
 */
import type { StackSpec } from "../../metadata-schema/desired-state.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";
import { stackLayer } from "../../program/layout/names.ts";
import { runAsShipped, type SideOptions } from "../support/engine-sides.ts";
import { insertStatements, rowsOfJobs } from "../support/many-jobs.ts";
import { openSandbox } from "../support/sandbox.ts";
import { removeHome, TestService, until } from "../support/service.ts";
import { type Measurement, millisecondsOf, numbersOf, ratios } from "./measure.ts";

/** One change in every stack, as rows. */
const changes = [
  "UPDATE Cluster_Configs SET max_workers = max_workers + 1",
  `INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group)
     SELECT job_id, 'DataScientist', '["execute_inference","discover_model"]', 'data_engineering' FROM Jobs`,
  `UPDATE Access_Policies SET permissions = '["execute_inference","read_model","discover_model"]'
     WHERE entra_id_group <> 'data_engineering'`,
  `UPDATE Network_Rules SET firewall_ranges = '["198.51.100.32/28"]'`,
  "INSERT INTO Network_Rules (job_id, service, private_endpoint) VALUES (1001, 'Databricks', 'pe-databricks-second')",
  `UPDATE Environments SET own_group_members = '["amara.okafor@contoso.example"]'`,
] as const;

type Outputs = ReadonlyMap<string, OutputValues>;

interface Round {
  readonly stacks: number;
  readonly firstMs: number;
  readonly changeMs: number;
  readonly first: readonly StackSpec[];
  /** those that differ from before, or are new */
  readonly changed: readonly StackSpec[];
  readonly outputs: Outputs;
}

export interface RollOutOptions {
  readonly enginePath: string;
  readonly jobs: number;
  readonly slots: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

export async function benchRollOut(options: RollOutOptions): Promise<readonly Measurement[]> {
  const { jobs, rounds, say } = options;
  const ours: Round[] = [];
  const naive: { firstMs: number; changeMs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const mine = await serviceRound(options);
    say(
      `round ${round + 1}: service, ${mine.stacks} stacks, first ${Math.round(mine.firstMs)} ms, change ${Math.round(mine.changeMs)} ms`,
    );
    const loop = await naiveRound(options, mine);
    say(
      `round ${round + 1}: naive loop, first ${Math.round(loop.firstMs)} ms, change ${Math.round(loop.changeMs)} ms`,
    );
    ours.push(mine);
    naive.push(loop);
  }
  const seconds = (values: readonly number[]) => numbersOf(values.map((ms) => ms / 1000));
  const first = numbersOf(
    ratios(
      naive.map((each) => each.firstMs),
      ours.map((each) => each.firstMs),
    ),
  );
  const change = numbersOf(
    ratios(
      naive.map((each) => each.changeMs),
      ours.map((each) => each.changeMs),
    ),
  );
  const what = `of ${jobs} jobs (${ours[0]?.stacks} stacks, ${options.slots} slots)`;
  return [
    {
      name: `first roll-out ${what}, service`,
      unit: "s",
      numbers: seconds(ours.map((each) => each.firstMs)),
    },
    {
      name: `first roll-out ${what}, naive loop`,
      unit: "s",
      numbers: seconds(naive.map((each) => each.firstMs)),
    },
    {
      name: "first roll-out, naive / service",
      unit: "x",
      numbers: first,
      budget: { text: ">= 2.5", met: first.median >= 2.5 },
    },
    {
      name: "a change in every stack, service",
      unit: "s",
      numbers: seconds(ours.map((each) => each.changeMs)),
    },
    {
      name: "a change in every stack, naive loop",
      unit: "s",
      numbers: seconds(naive.map((each) => each.changeMs)),
    },
    {
      name: "a change in every stack, naive / service",
      unit: "x",
      numbers: change,
      budget: { text: ">= 2.8", met: change.median >= 2.8 },
    },
  ];
}

async function serviceRound({ jobs, slots }: RollOutOptions): Promise<Round> {
  const service = new TestService(await TestService.emptyHome());
  try {
    await service.start({ ROWGATE_SAMPLE: "off", ROWGATE_SLOTS: String(slots) });
    const firstMs = await millisecondsOf(async () => {
      service.script(`BEGIN; ${insertStatements(rowsOfJobs(jobs, { varied: false }))}; COMMIT`);
      await service.settled(900_000);
    });
    const first = specsOf(service);
    const before = service.runs().length;
    const changeMs = await millisecondsOf(async () => {
      service.script(`BEGIN; ${changes.join(";")}; COMMIT`);
      await until("the change was seen", () => service.sql("SELECT 1 FROM Job_Changes").length === 0);
      await service.settled(900_000);
    });
    const known = new Set(first.map((spec) => JSON.stringify(spec)));
    const changed = specsOf(service).filter((spec) => !known.has(JSON.stringify(spec)));
    const failed = service.runs().filter((run) => run.status !== "succeeded");
    if (failed.length > 0) throw new Error(`runs failed: ${JSON.stringify(failed[0])}`);
    // What is in the workspace is decided by nothing that changes; every other stack runs once more.
    if (changed.length < first.length - 1) throw new Error(`only ${changed.length} specs changed`);
    const runs = service.runs().length - before;
    if (runs < changed.length) throw new Error(`only ${runs} of ${changed.length} stacks ran for the change`);
    return { stacks: first.length, firstMs, changeMs, first, changed, outputs: outputsOf(service) };
  } finally {
    await service.stop();
    await removeHome(service.home);
  }
}

const specsOf = (service: TestService): readonly StackSpec[] =>
  service
    .sql("SELECT desired_spec FROM Stacks WHERE desired_spec IS NOT NULL ORDER BY stack")
    .map((row) => JSON.parse(String(row.desired_spec)));

function outputsOf(service: TestService): Outputs {
  const rows = service.sql("SELECT stack, name, value FROM Stack_Outputs");
  const byStack = Map.groupBy(rows, ({ stack }) => String(stack));
  return new Map(
    [...byStack].map(([stack, those]) => [
      stack,
      Object.fromEntries(those.map(({ name, value }) => [String(name), JSON.parse(String(value))])),
    ]),
  );
}

async function naiveRound(options: RollOutOptions, { first, changed, outputs: theirs }: Round) {
  const sandbox = await openSandbox(options.enginePath, 1);
  try {
    const side = await sandbox.side("naive", false);
    const outputs = new Map<string, OutputValues>();
    const loop = { outputs, theirs, side, slots: options.slots };
    const firstMs = await millisecondsOf(() => naiveLoop(first, loop));
    const changeMs = await millisecondsOf(() => naiveLoop(changed, loop));
    return { firstMs, changeMs };
  } finally {
    await sandbox.close();
  }
}

/** Layer by layer, as a higher layer needs the outputs of a lower one. */
async function naiveLoop(
  specs: readonly StackSpec[],
  loop: {
    readonly outputs: Map<string, OutputValues>;
    readonly theirs: Outputs;
    readonly side: SideOptions;
    readonly slots: number;
  },
): Promise<void> {
  const { outputs, theirs, side, slots } = loop;
  for (const layer of [1, 2, 3, 4]) {
    const queue = specs.filter((spec) => stackLayer(spec.kind) === layer);
    const worker = async (): Promise<void> => {
      for (let spec = queue.shift(); spec !== undefined; spec = queue.shift()) {
        outputs.set(spec.stack, await runAsShipped(withOutputs(spec, theirs, outputs), side));
      }
    };
    await Promise.all(Array.from({ length: slots }, worker));
  }
}

/** The spec with what this side's own clouds made up in place of what the service's did, as outputs tell both. */
function withOutputs(spec: StackSpec, theirs: Outputs, ours: Outputs): StackSpec {
  const pairs = [...ours].flatMap(([stack, outputs]) => {
    const told = leaves(outputs);
    return [...leaves(theirs.get(stack) ?? {})].flatMap(([path, value]) => {
      const own = told.get(path);
      return own === undefined || own === value ? [] : [{ value, own }];
    });
  });
  // The longest first: a workspace's host contains its number.
  const inOrder = pairs.toSorted((a, b) => b.value.length - a.value.length);
  const text = inOrder.reduce((all, { value, own }) => all.replaceAll(value, own), JSON.stringify(spec));
  return JSON.parse(text);
}

/** All texts in a value, by their paths. */
function leaves(value: unknown, path = ""): ReadonlyMap<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, `${path}.${key}`)]));
}
