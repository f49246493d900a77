/**
 * Who may use or manage a service principal: one document a service principal, replaced as a whole. It
 * carries an etag, and the provider always takes the newest, so that the last writer wins.
 */
import { matches } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { type Body, bodiesAt, isUnknown, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import type { CloudObject, Store } from "../store.ts";
import { isRegistered, requireDatabricksPrincipal } from "./principals.ts";

export const ruleSetToken = "databricks:index/accessControlRuleSet:AccessControlRuleSet";
export const userRole = "roles/servicePrincipal.user";

const roles = [userRole, "roles/servicePrincipal.manager"];
const name = /^accounts\/[^/]+\/servicePrincipals\/([^/]+)\/ruleSets\/default$/;

const scope = "account";
const storeId = (applicationId: string): string => `${scope}/rule-sets/${applicationId}`;
export const applicationOf = (ruleSet: string): string => name.exec(ruleSet)?.[1] ?? "";

export const ruleSetOf = (store: Store, applicationId: string): CloudObject | undefined =>
  store.get("databricks", storeId(applicationId));

export const accessControlRuleSet: ResourceType = {
  ...typeDefaults,
  token: ruleSetToken,
  cloud: "databricks",
  required: ["name"],
  replaceOn: ["name"],
  outputsOnly: ["etag"],
  sets: ["grantRules", "grantRules[*].principals"],
  check: checkRuleSet,
  create: (ctx, inputs) => put(ctx, inputs),
  read: (ctx, id) => {
    const applicationId = applicationOf(id);
    if (!isRegistered(ctx.store, applicationId)) return undefined;
    const found = ruleSetOf(ctx.store, applicationId);
    // nobody creates or deletes the document: without rules it is empty
    return { id, body: found?.body ?? { name: id, grantRules: [], etag: "" } };
  },
  update: (ctx, { inputs }) => put(ctx, inputs).body,
  delete: (ctx, id) => {
    const found = ruleSetOf(ctx.store, applicationOf(id));
    // one of the same principal in another account is another document
    if (found?.body.name === id) ctx.store.remove("databricks", found.id);
  },
};

function put(ctx: CallContext, inputs: Body): Made {
  const id = textAt(inputs, "name");
  const applicationId = applicationOf(id);
  if (!isRegistered(ctx.store, applicationId)) {
    const fault = `Service principal with application ID ${applicationId} does not exist in the account.`;
    throw plainError(404, "RESOURCE_DOES_NOT_EXIST", fault);
  }
  const named = bodiesAt(inputs, "grantRules").flatMap((rule) => textsAt(rule, "principals"));
  for (const principal of named) requireDatabricksPrincipal(ctx, principal.replace(/^[^/]+\//, ""));
  // the provider keeps no etag in the state
  const body: Body = { grantRules: [], ...inputs, etag: "" };
  const write = { id: storeId(applicationId), type: ruleSetToken, name: applicationId, scope, body };
  ctx.store.put({ cloud: "databricks", ...write });
  return { id, body };
}

function checkRuleSet(inputs: Body): InputFault[] {
  const says =
    "only rule sets of service principals are simulated: accounts/<account id>/servicePrincipals/<application id>/ruleSets/default";
  const rules = bodiesAt(inputs, "grantRules");
  return [
    ...matches(inputs, "name", { pattern: name, says }),
    ...rules.flatMap((rule, index) => {
      const role = textAt(rule, "role");
      const wrong = textsAt(rule, "principals").filter(
        (principal) =>
          !isUnknown(principal) &&
          !/^(users|groups|servicePrincipals)\/./.test(principal) &&
          !/^[0-9a-f-]{36}$/.test(principal),
      );
      return [
        ...(roles.includes(role)
          ? []
          : [
              {
                property: `grantRules[${index}].role`,
                reason: `'${role}' is not one of ${roles.join(", ")}`,
              },
            ]),
        ...wrong.map((principal) => ({
          property: `grantRules[${index}].principals`,
          reason: `'${principal}' is not users/<name>, groups/<name> or servicePrincipals/<application id>`,
        })),
      ];
    }),
  ];
}

/** May the deployer let jobs run as this service principal? */
export function mayUse(ctx: CallContext, applicationId: string): boolean {
  return bodiesAt(ruleSetOf(ctx.store, applicationId)?.body, "grantRules")
    .filter((rule) => rule.role === userRole)
    .some((rule) => textsAt(rule, "principals").includes(`servicePrincipals/${ctx.tenant.deployerId}`));
}
