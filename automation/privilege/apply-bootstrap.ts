/** Does what a bootstrap plan says, as whoever is signed in. Each step stands for itself: what fails is told, the rest goes on. */
import { z } from "zod";
import type { ArmAnswer, ArmClient } from "../azure/arm-client.ts";
import type { RestApi } from "../azure/cloud-access.ts";
import { messageOf } from "../errors.ts";
import {
  authorizationVersion,
  graphApplication,
  roleAssignmentBody,
  roleAssignmentPath,
  roleDefinitionBody,
  roleDefinitionPath,
} from "./arm-bodies.ts";
import type { BootstrapPlan, GraphPermissionNeed, RoleAssignmentNeed } from "./bootstrap-plan.ts";
import { listAssignments } from "./read-assignments.ts";

export interface StepResult {
  readonly step: string;
  readonly status: "done" | "there already" | "failed";
  /** null: there is nothing to add */
  readonly message: string | null;
}

export interface ApplyOptions {
  readonly arm: ArmClient;
  readonly graph: RestApi;
  readonly plan: BootstrapPlan;
  /** told as soon as each step has ended */
  onStep(result: StepResult): void;
}

type Outcome = Omit<StepResult, "step">;
const done: Outcome = { status: "done", message: null };
const thereAlready: Outcome = { status: "there already", message: null };
const failed = (message: string): Outcome => ({ status: "failed", message });

const providersVersion = "2021-04-01";
const group = z.object({ location: z.string() });
const registration = z.object({ registrationState: z.string() });

/** Whether all of it worked. */
export async function applyBootstrap(options: ApplyOptions): Promise<boolean> {
  const { plan, arm } = options;
  let allWorked = true;
  const step = async (name: string, work: () => Promise<Outcome>): Promise<void> => {
    const outcome = await work().catch((fault) => failed(messageOf(fault)));
    if (outcome.status === "failed") allWorked = false;
    options.onStep({ step: name, ...outcome });
  };
  await step(`resource group ${plan.resourceGroup.id}`, () => makeGroup(arm, plan));
  for (const namespace of plan.resourceProviders)
    await step(`resource provider ${namespace}`, () => register(arm, plan.subscriptionId, namespace));
  for (const role of plan.roleDefinitions)
    await step(`role ${role.name}`, async () =>
      outcomeOf(
        await arm.put(roleDefinitionPath(role), roleDefinitionBody(role), {
          apiVersion: authorizationVersion,
        }),
      ),
    );
  for (const need of plan.roleAssignments)
    await step(`${need.roleName} on ${need.scope}`, () => assign(arm, plan, need));
  for (const permission of plan.graphPermissions)
    await step(`Microsoft Graph ${permission.name}`, () => permit(options.graph, plan, permission));
  return allWorked;
}

const outcomeOf = (answer: ArmAnswer): Outcome =>
  answer.status === "ok" ? (answer.httpStatus === 201 ? done : thereAlready) : failed(answer.message);

async function makeGroup(
  arm: ArmClient,
  { resourceGroup: { id, location } }: BootstrapPlan,
): Promise<Outcome> {
  const found = await arm.get(id);
  if (found.status === "ok") {
    const place = group.parse(found.body).location;
    return place.toLowerCase() === location.toLowerCase()
      ? thereAlready
      : { status: "there already", message: `It is in ${place}, and the environment in ${location}.` };
  }
  if (found.status !== "missing") return failed(found.message);
  return outcomeOf(await arm.put(id, { location }));
}

async function register(arm: ArmClient, subscriptionId: string, namespace: string): Promise<Outcome> {
  const id = `/subscriptions/${subscriptionId}/providers/${namespace}`;
  const found = await arm.get(id, { apiVersion: providersVersion });
  if (found.status === "ok" && registration.parse(found.body).registrationState === "Registered")
    return thereAlready;
  const asked = await arm.post(`${id}/register`, undefined, { apiVersion: providersVersion });
  return asked.status === "ok"
    ? { status: "done", message: "Azure takes some minutes for it." }
    : failed(asked.message);
}

async function assign(arm: ArmClient, plan: BootstrapPlan, need: RoleAssignmentNeed): Promise<Outcome> {
  const answer = await arm.put(roleAssignmentPath(need), roleAssignmentBody(plan, need), {
    apiVersion: authorizationVersion,
  });
  if (answer.status !== "refused" || answer.code !== "RoleAssignmentExists") return outcomeOf(answer);
  // Somebody made it under another name, and perhaps under another condition: that is theirs to change.
  const held = await listAssignments(arm, need.scope, plan.principal.objectId);
  if (held.status !== "read") return failed(held.message);
  const same = held.assignments.find(
    ({ scope, roleId }) => scope.toLowerCase() === need.scope.toLowerCase() && roleId === need.roleId,
  );
  if (same === undefined || same.condition === need.condition) return thereAlready;
  return failed(
    `It is assigned as ${same.name} already, ${same.condition === null ? "without a condition" : "under another condition"}. Remove that assignment and run this again.`,
  );
}

const principals = z.object({ value: z.array(z.object({ id: z.string() })) });

async function permit(
  graph: RestApi,
  { principal }: BootstrapPlan,
  { id }: GraphPermissionNeed,
): Promise<Outcome> {
  const filter = encodeURIComponent(`appId eq '${graphApplication}'`);
  const found = await graph.get(`/v1.0/servicePrincipals?$filter=${filter}&$select=id`);
  if (found.status !== 200) return failed(graphFault("Microsoft Graph itself could not be looked up", found));
  const resourceId = principals.parse(found.body).value[0]?.id;
  if (resourceId === undefined) return failed("The tenant has no service principal of Microsoft Graph.");
  const answer = await graph.post(`/v1.0/servicePrincipals/${resourceId}/appRoleAssignedTo`, {
    principalId: principal.objectId,
    resourceId,
    appRoleId: id,
  });
  if (answer.status === 201) return done;
  const message = graphFault("The permission could not be given", answer);
  // Graph has one code for all that is wrong with a request; only the words tell this one.
  return answer.status === 400 && /already exists/i.test(message) ? thereAlready : failed(message);
}

const graphError = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function graphFault(
  what: string,
  { status, body }: { readonly status: number; readonly body: unknown },
): string {
  const told = graphError.safeParse(body);
  const why = told.success ? `${told.data.error.code}: ${told.data.error.message}` : "without a reason";
  return `${what}: Microsoft Graph answered ${status} ${why}`;
}
