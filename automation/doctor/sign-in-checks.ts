/** Whether the service's identity gets tokens, and may look groups up. */
import { z } from "zod";
import { azureArmUrl } from "../azure/arm-client.ts";
import { databricksResource, graphUrl, type RestApi, type TokenOf } from "../azure/cloud-access.ts";
import type { SignInMethod } from "../azure/sign-in.ts";
import { messageOf } from "../errors.ts";
import type { ServicePrincipalFacts } from "../privilege/bootstrap-facts.ts";
import { type GraphPermissionNeed, graphPermissions } from "../privilege/bootstrap-plan.ts";
import { type Finding, inArea, sandboxOnly } from "./finding.ts";

const area = inArea("sign-in");

const fixes: Readonly<Record<SignInMethod, string>> = {
  "client certificate": "Check ARM_CLIENT_CERTIFICATE_PATH, ARM_CLIENT_ID and ARM_TENANT_ID.",
  "client secret": "Check ARM_CLIENT_SECRET, ARM_CLIENT_ID and ARM_TENANT_ID; the secret may have ended.",
  "workload identity": "Check the federated credential of ARM_CLIENT_ID, and the token file.",
  "managed identity": "Give this machine the identity; with several, name one in ARM_CLIENT_ID.",
  "Azure CLI": "Run `az login --tenant TENANT`, or set what a service signs in with (README, On Azure).",
};

export interface SignInFindings {
  readonly findings: readonly Finding[];
  /** null: there was no token to read it from */
  readonly service: ServicePrincipalFacts | null;
  /** application permissions of Microsoft Graph by name; null: no token tells them */
  readonly granted: readonly string[] | null;
}

export async function signInFindings(method: SignInMethod, tokenOf: TokenOf): Promise<SignInFindings> {
  const findings: Finding[] = [];
  let service: SignInFindings["service"] = null;
  let granted: SignInFindings["granted"] = null;
  for (const [name, resource] of [
    ["Azure Resource Manager", azureArmUrl],
    ["Microsoft Graph", graphUrl],
    ["Databricks", databricksResource],
  ] as const) {
    try {
      const token = await tokenOf(resource);
      if (resource === azureArmUrl) service = serviceIn(token);
      if (resource === graphUrl) granted = permissionsIn(token);
      findings.push(area.ok(`token for ${name}`, `by ${method}`));
    } catch (fault) {
      const [message = ""] = messageOf(fault).split(/\r?\n/);
      findings.push(area.fault(`token for ${name}`, `none by ${method}: ${message}`, fixes[method]));
    }
  }
  return { findings, service, granted };
}

const claims = z.object({
  oid: z.string().optional(),
  appid: z.string().optional(),
  /** application permissions; absent where there are none */
  roles: z.array(z.string()).optional(),
  /** permissions of a person, in whose name somebody asks */
  scp: z.string().optional(),
});

/** Claims of an access token. They are only read here: Azure itself judges the token. */
function claimsOf(token: string): z.infer<typeof claims> | null {
  try {
    const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
    return claims.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

export function serviceIn(token: string): ServicePrincipalFacts | null {
  const { oid, appid } = claimsOf(token) ?? {};
  return oid === undefined ? null : { objectId: oid, applicationId: appid ?? null, displayName: null };
}

/** Null: the token is a person's, or cannot be read. */
export function permissionsIn(token: string): readonly string[] | null {
  const read = claimsOf(token);
  return read === null || read.scp !== undefined ? null : (read.roles ?? []);
}

/** What reads is tried; nothing that writes is. */
const looks: ReadonlyMap<string, string> = new Map([
  [graphPermissions.readGroups.name, "groups"],
  [graphPermissions.readUsers.name, "users"],
]);

export interface GraphQuestion extends Omit<SignInFindings, "findings"> {
  readonly graph: RestApi;
  /** of all environments; each is asked for once */
  readonly needs: readonly GraphPermissionNeed[];
  readonly cloud: "sandbox" | "azure";
}

export function graphFindings(question: GraphQuestion): Promise<readonly Finding[]> {
  const needs = [...new Map(question.needs.map((need) => [need.name, need])).values()];
  return Promise.all(
    needs.map((need) => {
      const what = looks.get(need.name);
      return what === undefined ? told(question, need) : tried(question, need, what);
    }),
  );
}

async function tried(
  { graph, cloud }: GraphQuestion,
  { name }: GraphPermissionNeed,
  what: string,
): Promise<Finding> {
  const check = `Microsoft Graph reads ${what}`;
  try {
    const { status } = await graph.get(`/v1.0/${what}?$top=1&$select=id`);
    const message = cloud === "azure" ? `${name} or more` : "the simulated directory answers anybody";
    return status === 200
      ? area.ok(check, message)
      : area.fault(check, `Microsoft Graph answered ${status}`, giveIt(name));
  } catch (fault) {
    return area.fault(check, messageOf(fault), "Let this machine reach graph.microsoft.com.");
  }
}

async function told(
  { cloud, granted, service }: GraphQuestion,
  { name, id }: GraphPermissionNeed,
): Promise<Finding> {
  const check = `Microsoft Graph permission ${name}`;
  if (cloud === "sandbox") return area.unchecked(check, sandboxOnly);
  if (granted === null) {
    const url = `${graphUrl}/v1.0/servicePrincipals/${service?.objectId ?? "OBJECT_ID"}/appRoleAssignments`;
    return area.unchecked(
      check,
      `the token tells no application permissions; run: az rest --method get --url ${url} --query "value[?appRoleId=='${id}']"`,
    );
  }
  return granted.includes(name)
    ? area.ok(check, "the service's token has it")
    : area.fault(check, "the service's token does not have it", giveIt(name));
}

const giveIt = (name: string): string =>
  `Give the application permission ${name}: \`npx rowgate bootstrap\`.`;
