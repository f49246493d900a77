/** Failures that a cloud, or the way to it, causes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StackSpec } from "../../../../metadata-schema/desired-state.ts";
import type { Lab, Recording, SampleCase } from "./lab.ts";
import { grant, platform, role, shared } from "./specs.ts";

type Fault = Readonly<Record<string, unknown>>;

/** One run under one fault. */
const underFault =
  (spec: (host: string) => StackSpec, fault: Fault) =>
  async (lab: Lab): Promise<Recording> => {
    await lab.addFault(fault);
    return lab.run(spec(lab.host));
  };

/** A run that works, then one under a fault. */
const laterUnderFault =
  (spec: (host: string) => StackSpec, verb: "refreshing up" | "destroy", fault: Fault) =>
  async (lab: Lab): Promise<Recording> => {
    await lab.prepare(spec(lab.host));
    await lab.addFault(fault);
    return lab.run(spec(lab.host), { verb });
  };

const throttle = { kind: "throttle", retryAfterSeconds: 17, times: "forever" } as const;
const group = { type: "ResourceGroup", call: "create" } as const;
const modelGrant = { type: "Grant", call: "create" } as const;
const assignment = { type: "RoleAssignment", call: "create" } as const;

const refusals: readonly SampleCase[] = [
  {
    name: "throttled-azure",
    what: "Azure answers a create with 429 and asks for 17 seconds",
    record: underFault(() => platform("throttled"), { ...throttle, ...group }),
  },
  {
    name: "throttled-azure-refresh",
    what: "Azure answers a read during a refresh with 429 and asks for 17 seconds",
    record: laterUnderFault((host) => role(host, "throttled-refresh"), "refreshing up", {
      ...throttle,
      type: "RoleAssignment",
      call: "read",
    }),
  },
  {
    name: "throttled-entra",
    what: "Microsoft Graph answers a create with 429; the header Retry-After says 17 seconds",
    record: underFault(() => platform("entra", "sample-team"), {
      ...throttle,
      type: "azuread",
      call: "create",
    }),
  },
  {
    name: "throttled-databricks",
    what: "Databricks answers a create with 429; the header Retry-After says 17 seconds",
    record: underFault((host) => grant(host, "throttled"), { ...throttle, ...modelGrant }),
  },
  {
    name: "throttled-many",
    what: "Databricks throttles three creates of one run at once",
    record: underFault(
      (host) =>
        grant(host, "many", ["ml.models.credit_risk", "ml.models.fraud_scoring", "ml.models.recommender"]),
      { ...throttle, type: "any", call: "any" },
    ),
  },
  {
    name: "throttled-retryable-error",
    what: "Azure answers 429 because another operation is under way, without saying how long",
    record: underFault(() => platform("retryable"), { ...group, code: "RetryableError" }),
  },
  {
    name: "error-500-azure",
    what: "Azure answers a create with 500",
    record: underFault(() => platform("broken"), group),
  },
  {
    name: "error-500-databricks",
    what: "Databricks answers a create with 500",
    record: underFault((host) => grant(host, "broken"), modelGrant),
  },
  {
    name: "error-500-delete",
    what: "Databricks answers a delete with 500",
    record: laterUnderFault((host) => grant(host, "delete"), "destroy", { type: "Grant", call: "delete" }),
  },
  {
    name: "error-403-azure",
    what: "Azure denies a create to whoever runs the engine",
    record: underFault(() => platform("denied"), { ...group, code: "AuthorizationFailed" }),
  },
  {
    name: "error-409-role-assignment-exists",
    what: "somebody else has assigned the same role to the same principal at the same scope",
    record: underFault((host) => role(host, "exists"), { ...assignment, code: "RoleAssignmentExists" }),
  },
  {
    name: "error-already-existing",
    what: "the object to create exists, and is not in the stack's state (no fault planted)",
    record: (lab) => lab.run({ ...shared, stack: "platform-twin" }),
  },
  {
    name: "error-no-such-host",
    what: "the name of the Databricks workspace does not resolve (no fault planted)",
    record: (lab) => lab.run(grant("adb-1111111111111111.1.azuredatabricks.net", "no-host")),
  },
  {
    name: "error-403-databricks",
    what: "Databricks denies a create to whoever runs the engine",
    record: underFault((host) => grant(host, "denied"), {
      ...modelGrant,
      code: "PERMISSION_DENIED",
      message: "User does not have MANAGE on Model 'ml.models.credit_risk'.",
    }),
  },
  {
    name: "error-400-principal-not-found",
    what: "Azure RBAC has not heard of a new principal yet",
    record: underFault((host) => role(host, "principal"), { ...assignment, code: "PrincipalNotFound" }),
  },
];

/** A run whose call hangs, and what happens to it meanwhile. */
const whileHanging =
  (spec: (host: string) => StackSpec, fault: Fault, meanwhile: (lab: Lab, pid: number) => Promise<void>) =>
  async (lab: Lab): Promise<Recording> => {
    await lab.addFault({ ...fault, kind: "hang" });
    const recording = await lab.run(spec(lab.host), {
      during: async (_command, pid) => {
        await lab.struck();
        await meanwhile(lab, pid);
      },
    });
    return recording;
  };

const lostAnswers: readonly SampleCase[] = [
  {
    name: "drop-before-azure",
    what: "the connection to the azure-native provider is cut before a create is carried out",
    record: underFault(() => platform("cut"), { ...group, kind: "drop" }),
  },
  {
    name: "drop-before-databricks",
    what: "the connection to the databricks provider is cut before a create is carried out",
    record: underFault((host) => grant(host, "cut"), { ...modelGrant, kind: "drop" }),
  },
  {
    name: "drop-after-commit",
    what: "the connection to the azure-native provider is cut after a create was carried out",
    record: underFault(() => platform("cutafter"), { ...group, kind: "drop", afterCommit: true }),
  },
  {
    name: "clouds-killed-in-call",
    what: "the providers' process is killed (SIGKILL) while a create waits for its answer",
    record: async (lab) => {
      const recording = await whileHanging(
        () => platform("killed"),
        group,
        () => lab.killClouds(),
      )(lab);
      await lab.restartClouds();
      return recording;
    },
  },
  {
    name: "clouds-gone",
    what: "nothing listens on the port of the attached providers",
    record: async (lab) => {
      const environment = await lab.cloudEnvironment();
      await lab.killClouds();
      const recording = await lab.run(platform("gone"), { environment });
      await lab.restartClouds();
      return recording;
    },
  },
  {
    name: "engine-terminated-in-hang",
    what: "a create hangs; the engine gets SIGTERM, and a second one after 1 second",
    record: whileHanging(
      () => platform("hang"),
      group,
      async (_lab, pid) => {
        process.kill(-pid, "SIGTERM");
        await sleep(1_000);
        process.kill(-pid, "SIGTERM");
      },
    ),
  },
  {
    name: "engine-killed-after-commit",
    what: "a create is carried out and its answer hangs; the engine is killed (SIGKILL)",
    record: whileHanging(
      () => platform("hangafter"),
      { ...group, afterCommit: true },
      async (_lab, pid) => {
        process.kill(-pid, "SIGKILL");
      },
    ),
  },
];

export const cloudCases: readonly SampleCase[] = [...refusals, ...lostAnswers];
