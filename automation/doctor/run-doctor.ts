/** Everything that a first run needs, looked at. Nothing is changed, and nothing started. */
import { openStore } from "../../metadata-schema/open-store.ts";
import type { CloudAccess, TokenOf } from "../azure/cloud-access.ts";
import type { SignInMethod } from "../azure/sign-in.ts";
import { messageOf } from "../errors.ts";
import {
  type BootstrapEnvironment,
  readBootstrapFacts,
  type ServicePrincipalFacts,
} from "../privilege/bootstrap-facts.ts";
import { type BootstrapPlan, planBootstrap } from "../privilege/bootstrap-plan.ts";
import { placeFindings, serviceUrlFinding, workspaceFinding, zoneFindings } from "./environment-checks.ts";
import { type Finding, inArea } from "./finding.ts";
import { heldFindings } from "./held-checks.ts";
import { databaseFindings, type HostFacts, hostFindings } from "./host-checks.ts";
import { type EnvironmentCheck, manualFindings, rightFindings } from "./right-checks.ts";
import { graphFindings, signInFindings } from "./sign-in-checks.ts";

export type DoctorClouds =
  | {
      readonly kind: "azure";
      readonly access: CloudAccess;
      readonly method: SignInMethod;
      readonly tokenOf: TokenOf;
    }
  /** null: they run with the service, and it does not run */
  | { readonly kind: "sandbox"; readonly access: CloudAccess | null };

export interface DoctorOptions extends Omit<HostFacts, "cloud"> {
  /** null: the configuration doesn't say which */
  readonly clouds: DoctorClouds;
  /** only this environment; null: all of them */
  readonly environment: string | null;
}

export async function runDoctor(options: DoctorOptions): Promise<readonly Finding[]> {
  const { clouds } = options;
  const host = { ...options, cloud: clouds.kind };
  const database = await databaseFindings(host);
  const rows = database.isReadable
    ? await readEnvironments(options)
    : { findings: [], environments: [], all: [] };
  const found = [...(await hostFindings(host)), ...database.findings, ...rows.findings];
  const signIn = inArea("sign-in");
  if (clouds.access === null)
    return [
      ...found,
      signIn.unchecked("simulated clouds", "they run with the service, and none runs in this home"),
    ];
  const signedIn =
    clouds.kind === "azure"
      ? await signInFindings(clouds.method, clouds.tokenOf)
      : {
          findings: [signIn.unchecked("tokens", "nobody signs in to the simulated clouds")],
          service: null,
          granted: null,
        };
  // Without a token every question to Azure has the one answer that was just told.
  if (clouds.kind === "azure" && signedIn.findings.some(({ status }) => status === "fault"))
    return [
      ...found,
      ...signedIn.findings,
      signIn.unchecked("everything on Azure", "the service has no token to ask with"),
    ];
  const { service, granted } = signedIn;
  const graph = await graphFindings({
    graph: clouds.access.graph,
    needs: rows.environments.flatMap((facts) => planFor(facts, service).graphPermissions),
    cloud: clouds.kind,
    service,
    granted,
  });
  const ofEnvironments: Finding[] = [];
  for (const facts of rows.environments)
    ofEnvironments.push(
      ...(await environmentFindings(facts, {
        access: clouds.access,
        cloud: clouds.kind,
        service,
        environments: rows.all,
      })),
    );
  return [...found, ...signedIn.findings, ...graph, ...ofEnvironments];
}

/** What of a plan is asked for by place and action is the same for everybody. */
const nobodyKnown: ServicePrincipalFacts = {
  objectId: "<object id>",
  applicationId: null,
  displayName: null,
};

const planFor = (facts: BootstrapEnvironment, service: ServicePrincipalFacts | null): BootstrapPlan =>
  planBootstrap(facts, service ?? nobodyKnown);

export interface EnvironmentQuestion {
  readonly access: CloudAccess;
  readonly cloud: "sandbox" | "azure";
  readonly service: ServicePrincipalFacts | null;
  /** all that the service works in, this one included */
  readonly environments: readonly BootstrapEnvironment[];
}

/** All that is asked of one environment. */
export async function environmentFindings(
  facts: BootstrapEnvironment,
  { access, cloud, service, environments }: EnvironmentQuestion,
): Promise<readonly Finding[]> {
  const area = inArea(`environment ${facts.environment.name}`);
  const check: EnvironmentCheck = {
    area,
    arm: access.arm,
    facts,
    cloud,
    service,
    plan: planFor(facts, service),
    planned: environments.flatMap((each) => planFor(each, service).roleAssignments),
  };
  return [
    ...(await placeFindings(check)),
    ...(await rightFindings(check)),
    ...(await heldFindings(check)),
    ...(await zoneFindings(check)),
    await workspaceFinding(check, access),
    ...manualFindings(check),
    serviceUrlFinding(area, facts.serviceUrl),
  ];
}

interface EnvironmentRows {
  readonly findings: readonly Finding[];
  /** those that are asked about */
  readonly environments: readonly BootstrapEnvironment[];
  readonly all: readonly BootstrapEnvironment[];
}

/** The schema is up to date, so opening the store changes nothing. */
async function readEnvironments({ metadataUrl, environment }: DoctorOptions): Promise<EnvironmentRows> {
  const area = inArea("environments");
  const findings: Finding[] = [];
  const all: BootstrapEnvironment[] = [];
  const isAskedAbout = (name: string): boolean => environment === null || name === environment;
  try {
    const store = await openStore({ url: metadataUrl });
    try {
      const rows = await store.readRows({ tables: ["Environments"] });
      for (const { key, values } of rows) {
        const facts = readBootstrapFacts(values);
        if (facts.status === "read") all.push(facts.facts);
        else if (isAskedAbout(key))
          findings.push(area.fault(key, facts.faults.join("; "), "Correct the environment's row."));
      }
      if (!rows.some(({ key }) => isAskedAbout(key)))
        findings.push(
          area.fault(
            "rows",
            environment === null ? "there is no environment" : `there is no environment ${environment}`,
            "Add one: `npx rowgate apply -f FILE`.",
          ),
        );
    } finally {
      await store.close();
    }
  } catch (fault) {
    findings.push(area.fault("rows", messageOf(fault), "Check the metadata database."));
  }
  return { findings, environments: all.filter((facts) => isAskedAbout(facts.environment.name)), all };
}
