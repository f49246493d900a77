/**
 * Every metric of the service, in the order in which docs/metrics.md lists them.
 *
 * Labels take few values, whatever the rows say: states, lanes, kinds, operations, types of the program. A stack, a
 * row, a subscription or a run is never a label, since each value costs a series for ever; what a number is about is
 * in the API, the log and the traces.
 */
export interface MetricDefinition {
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** upper bounds of a histogram, in its unit */
  readonly buckets?: readonly number[];
}

// A run takes a second, or twenty minutes where a cloud makes a workspace.
const runSeconds = [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_200, 3_600];
const waitSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 1_800];
const shortSeconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];
const lifeSeconds = [1, 10, 60, 300, 1_800, 7_200, 43_200];

export const metricDefinitions = {
  rowgate_build_info: {
    type: "gauge",
    labels: ["version", "engine_version"],
    help: "Always 1; its labels tell which release and which engine run.",
  },
  rowgate_database_up: {
    type: "gauge",
    labels: [],
    help: "1: the metadata database answered this scrape; 0: it did not, and what is read from it is left out.",
  },
  rowgate_database_faults_total: {
    type: "counter",
    labels: ["place"],
    help: "Uses of the metadata database (rows, audit, runs) that failed, by the loop that met them. All are tried again.",
  },
  rowgate_unresolved_changes: {
    type: "gauge",
    labels: [],
    help: "Jobs and environments with a change that is not resolved yet; 1000 stands for that many or more.",
  },
  rowgate_oldest_unresolved_change_age_seconds: {
    type: "gauge",
    labels: [],
    help: "How long ago this process first saw the oldest unresolved change; 0: there is none.",
  },
  rowgate_change_resolve_seconds: {
    type: "histogram",
    labels: ["subject"],
    buckets: shortSeconds,
    help: "From reading a change to the merge of the last stack that it touches, by kind of subject.",
  },
  rowgate_due_stacks: {
    type: "gauge",
    labels: ["lane"],
    help: "Stacks that are due and could run now, of all replicas.",
  },
  rowgate_oldest_due_age_seconds: {
    type: "gauge",
    labels: ["lane"],
    help: "How long the oldest of the due stacks has been due; 0: none is.",
  },
  rowgate_stacks_waiting_for_retry: {
    type: "gauge",
    labels: [],
    help: "Stacks whose last run failed and whose next attempt has its time.",
  },
  rowgate_stacks_given_up: {
    type: "gauge",
    labels: [],
    help: "Stacks whose last run failed and which are not tried again before something changes.",
  },
  rowgate_stacks_with_condition: {
    type: "gauge",
    labels: ["condition", "reason"],
    help: "Stacks with a condition that somebody should look at: Ready or Reachable that is False, Drifted or Stalled. Read twice a minute at most.",
  },
  rowgate_unknown_stack_states: {
    type: "gauge",
    labels: [],
    help: "States in the backend of stacks that the metadata database does not know.",
  },
  rowgate_runs_queued: {
    type: "gauge",
    labels: [],
    help: "Runs that somebody asked for and that have not started, of all replicas.",
  },
  rowgate_runs_running: {
    type: "gauge",
    labels: [],
    help: "Runs under way, of all replicas.",
  },
  rowgate_oldest_lease_age_seconds: {
    type: "gauge",
    labels: [],
    help: "How long the run that holds its lease longest has gone on; 0: none is under way.",
  },
  rowgate_run_wait_seconds: {
    type: "histogram",
    labels: ["lane"],
    buckets: waitSeconds,
    help: "From the instant that a stack became due, or its run was queued, to the start of its run.",
  },
  rowgate_run_duration_seconds: {
    type: "histogram",
    labels: ["kind", "status"],
    buckets: runSeconds,
    help: "Runs of this process, from lease to settled.",
  },
  rowgate_run_failures_total: {
    type: "counter",
    labels: ["failure_class", "code"],
    help: "Runs that did not succeed, by what their failure was.",
  },
  rowgate_run_retries_total: {
    type: "counter",
    labels: ["failure_class"],
    help: "Failed runs after which another attempt was planned.",
  },
  rowgate_steps_total: {
    type: "counter",
    labels: ["operation", "status"],
    help: "Steps on single objects that ended.",
  },
  rowgate_slots: {
    type: "gauge",
    labels: ["state"],
    help: "Slots of this process by what they do.",
  },
  rowgate_slot_state_age_seconds: {
    type: "gauge",
    labels: ["state"],
    help: "How long the slot that is longest in this state has been in it; 0: none is.",
  },
  rowgate_children_memory_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory of all child processes, as they last told it.",
  },
  rowgate_child_memory_max_bytes: {
    type: "gauge",
    labels: [],
    help: "Resident memory of the largest child process, as it last told it.",
  },
  rowgate_child_life_seconds: {
    type: "histogram",
    labels: ["reason"],
    buckets: lifeSeconds,
    help: "Life of child processes that ended, by why they did.",
  },
  rowgate_engine_gate_open: {
    type: "gauge",
    labels: [],
    help: "1: runs may start; 0: something that every run needs is away, and /readyz says what.",
  },
  rowgate_leases_broken_total: {
    type: "counter",
    labels: [],
    help: "Leases of owners that were proved dead, broken so that their stacks could run again.",
  },
  rowgate_locks_cleared_total: {
    type: "counter",
    labels: [],
    help: "Locks of engines that were proved dead, cleared.",
  },
  rowgate_leftovers_adopted_total: {
    type: "counter",
    labels: ["type"],
    help: "Objects that interrupted runs had made, taken into their stack's state, by Pulumi type.",
  },
  rowgate_subscription_pauses_total: {
    type: "counter",
    labels: [],
    help: "Pauses of a subscription that a cloud asked this process for.",
  },
  rowgate_subscriptions_paused: {
    type: "gauge",
    labels: [],
    help: "Subscriptions that are paused now, so that no run of theirs starts, of all replicas.",
  },
  rowgate_probes_total: {
    type: "counter",
    labels: ["status", "layer"],
    help: "Probes of private endpoints that ended, by result and by the layer that did not pass; `none`: all passed.",
  },
  rowgate_alerts_fired: {
    type: "gauge",
    labels: ["severity"],
    help: "Alerts of jobs that have fired and not resolved, by severity from 0 (critical) to 4; of the newest 1000.",
  },
  rowgate_http_request_duration_seconds: {
    type: "histogram",
    labels: ["method", "route", "status"],
    buckets: shortSeconds,
    help: "Calls over HTTP by the route's pattern; streams of events count from first to last byte.",
  },
  rowgate_spans_total: {
    type: "counter",
    labels: ["result"],
    help: "Spans that reached the collector, and spans that are lost. Only with tracing on.",
  },
} as const satisfies Readonly<Record<`rowgate_${string}`, MetricDefinition>>;

export type MetricName = keyof typeof metricDefinitions;
