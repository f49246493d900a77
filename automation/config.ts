/** The only reader of the environment. Reports every fault at once. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readSignIn, type SignIn } from "./azure/sign-in.ts";
import { ServiceError } from "./errors.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));
const packageFile: { readonly version: string } = JSON.parse(
  readFileSync(path.join(checkout, "package.json"), "utf8"),
);

const whole = (least: number, most: number) =>
  z.coerce
    .number("is not a number")
    .int("is not a whole number")
    .min(least, `must be ${least} to ${most}`)
    .max(most, `must be ${least} to ${most}`);

const schema = z.object({
  PORT: whole(0, 65_535).default(8080),
  ROWGATE_HOME: z.string().min(1).default(path.join(checkout, ".rowgate")),
  /** the metadata database, see metadata-schema/open-store.ts; left out: metadata.db in the home */
  ROWGATE_METADATA_URL: z.string().min(1).optional(),
  /** the engine's executable; set-up finds it and hands it on */
  ROWGATE_ENGINE_PATH: z.string("is not set: start with `npm start`, which finds the engine").min(1),
  /** runs at once, besides one more that is kept for urgent work */
  ROWGATE_SLOTS: whole(1, 64).default(Math.max(2, Math.min(8, availableParallelism() * 2))),
  /** how long a run may take that changes something; one that only looks may take a quarter of it */
  ROWGATE_RUN_SECONDS: whole(1, 86_400).default(3_600),
  /** a run that says nothing for this long is told as Stalled */
  ROWGATE_STALL_SECONDS: whole(1, 86_400).default(300),
  /** how often each private endpoint is probed by the clock; 0: only after runs and when somebody asks */
  ROWGATE_PROBE_SECONDS: whole(0, 86_400).default(600),
  /** `azure`: the real clouds; see azure/sign-in.ts for the variables that say as whom */
  ROWGATE_CLOUD: z.enum(["sandbox", "azure"]).default("sandbox"),
  /** `off`: an empty database stays empty; the sample is of the sandbox */
  ROWGATE_SAMPLE: z.enum(["on", "off"]).optional(),
  ROWGATE_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  /** where traces go, as OpenTelemetry names it; left out: nowhere. Its headers may hold a key: they are not read here */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: "is not an http:// or https:// address" })
    .refine((text) => !/^https?:\/\/[^/]*@/.test(text), {
      error: "holds a user or password: give them in OTEL_EXPORTER_OTLP_HEADERS",
    })
    .optional(),
  OTEL_SERVICE_NAME: z.string().default("rowgate"),
  PATH: z.string().default(""),
  HOME: z.string().default(""),
  NODE_COMPILE_CACHE: z.string().optional(),
});

export type CloudConfig = { readonly kind: "sandbox" } | { readonly kind: "azure"; readonly signIn: SignIn };

export interface Config {
  readonly port: number;
  /** absolute folder: metadata.db, state, simulated clouds, logs */
  readonly home: string;
  /** may hold a password: never logged */
  readonly metadataUrl: string;
  readonly enginePath: string;
  readonly slots: number;
  readonly runMs: number;
  readonly stallMs: number;
  /** 0: by the clock, never */
  readonly probeMs: number;
  readonly cloud: CloudConfig;
  readonly sample: boolean;
  readonly logLevel: string;
  /** null: no traces. The exporter itself reads where they go */
  readonly tracing: { readonly serviceName: string } | null;
  /** what processes of ours may inherit: an allow-list, so that no credential slips through */
  readonly inherited: Readonly<Record<string, string>>;
  readonly checkout: string;
  /** of this release */
  readonly version: string;
}

/** Throws a ServiceError with code InvalidConfig that names each variable at fault. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const present = Object.entries(environment).filter(([, value]) => value !== undefined && value !== "");
  const parsed = schema.safeParse(Object.fromEntries(present));
  if (!parsed.success)
    throw unusable(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  const values = parsed.data;
  const cloud = cloudConfig(values.ROWGATE_CLOUD, environment);
  if (cloud.kind === "azure" && values.ROWGATE_SAMPLE === "on")
    throw unusable([
      "ROWGATE_SAMPLE: the sample's subscriptions exist in the sandbox only; unset it, or set ROWGATE_CLOUD=sandbox",
    ]);
  return {
    port: values.PORT,
    home: path.resolve(values.ROWGATE_HOME),
    metadataUrl: values.ROWGATE_METADATA_URL ?? `sqlite:${path.resolve(values.ROWGATE_HOME, "metadata.db")}`,
    enginePath: values.ROWGATE_ENGINE_PATH,
    slots: values.ROWGATE_SLOTS,
    runMs: values.ROWGATE_RUN_SECONDS * 1_000,
    stallMs: values.ROWGATE_STALL_SECONDS * 1_000,
    probeMs: values.ROWGATE_PROBE_SECONDS * 1_000,
    cloud,
    sample: cloud.kind === "sandbox" && values.ROWGATE_SAMPLE !== "off",
    logLevel: values.ROWGATE_LOG_LEVEL,
    tracing:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? null : { serviceName: values.OTEL_SERVICE_NAME },
    inherited: {
      PATH: values.PATH,
      HOME: values.HOME,
      ...(values.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: values.NODE_COMPILE_CACHE }),
    },
    checkout,
    version: packageFile.version,
  };
}

/** The sandbox needs no identity, and whatever the process has of one stays out of it. */
function cloudConfig(kind: "sandbox" | "azure", environment: NodeJS.ProcessEnv): CloudConfig {
  if (kind === "sandbox") return { kind };
  const read = readSignIn(environment);
  if (read.status === "faulty") throw unusable(read.faults);
  return { kind, signIn: read.signIn };
}

const unusable = (faults: readonly string[]): ServiceError =>
  new ServiceError({
    code: "InvalidConfig",
    status: 500,
    message: `The configuration is not usable. ${faults.join("; ")}.`,
    details: faults,
  });
