/**
 * Permission lists of workspaces as atoms. Only members of a workspace can do anything there; its admins can
 * manage everything. What a level is good for follows Databricks' access control lists.
 */

import type { AccessAtom, Holder } from "../access-atom.ts";
import { azureActionsOf } from "../azure/effective-actions.ts";
import { workspaceToken } from "../azure/workspace.ts";
import { type Body, bodiesAt, textAt, textsAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import { experimentFolder, experimentToken } from "./experiment.ts";
import { permissionAssignmentToken } from "./permission-assignment.ts";
import { kindOfId, permissionsToken } from "./permissions-store.ts";
import { ruleSetToken } from "./rule-set.ts";
import { secretAclToken } from "./secret-scope.ts";
import { databricksPrincipalToken } from "./workspace-type.ts";

/** What each level allows; `manage` includes all that a kind of object knows. */
const levels: Readonly<Record<string, { word: string; allows: Readonly<Record<string, string[]>> }>> = {
  jobs: {
    word: "job",
    allows: {
      CAN_VIEW: ["view"],
      CAN_MANAGE_RUN: ["view", "run"],
      CAN_MANAGE: ["view", "run", "manage"],
      IS_OWNER: ["view", "run", "manage", "own"],
    },
  },
  "cluster-policies": { word: "cluster-policy", allows: { CAN_USE: ["use"] } },
  "instance-pools": {
    word: "instance-pool",
    allows: { CAN_ATTACH_TO: ["attach"], CAN_MANAGE: ["attach", "manage"] },
  },
  experiments: {
    word: "experiment",
    allows: { CAN_READ: ["read"], CAN_EDIT: ["read", "edit"], CAN_MANAGE: ["read", "edit", "manage"] },
  },
  "serving-endpoints": {
    word: "serving-endpoint",
    allows: { CAN_VIEW: ["view"], CAN_QUERY: ["view", "query"], CAN_MANAGE: ["view", "query", "manage"] },
  },
  "sql/warehouses": {
    word: "warehouse",
    allows: {
      CAN_VIEW: ["view"],
      CAN_USE: ["use"],
      CAN_MONITOR: ["view", "use", "monitor"],
      CAN_MANAGE: ["view", "use", "monitor", "manage"],
      IS_OWNER: ["view", "use", "monitor", "manage", "own"],
    },
  },
};
const secretLevels: Readonly<Record<string, string[]>> = {
  READ: ["read"],
  WRITE: ["read", "write"],
  MANAGE: ["read", "write", "manage"],
};
const roleWords: Readonly<Record<string, string>> = {
  "roles/servicePrincipal.user": "run-as",
  "roles/servicePrincipal.manager": "manage",
};

const names = (entry: Body, holder: Holder): boolean =>
  textAt(entry, holder.field).toLowerCase() === holder.name.toLowerCase();

export function effectiveLists(store: Store, holders: readonly Holder[]): AccessAtom[] {
  const hosts = store.ofType(workspaceToken);
  return [
    ...hosts.flatMap((workspace) => inWorkspace(store, workspace, holders)),
    ...ruleSets(store, holders),
  ];
}

/** Everything that the principal may do in one workspace: nothing, if it is no member. */
function inWorkspace(store: Store, workspace: CloudObject, holders: readonly Holder[]): AccessAtom[] {
  const host = textAt(workspace.body, "workspaceUrl").toLowerCase();
  const membership = membershipOf(store, workspace, host, holders);
  if (membership.length === 0) return [];
  // every member is in the group `users`
  const users: Holder = { objectId: "", name: "users", field: "groupName", through: "users" };
  const all = [...holders, users];
  return [...membership, ...lists(store, host, all), ...shared(store, host), ...secrets(store, host, all)];
}

/** All users manage what lies in the folder /Shared (learn.microsoft.com, workspace object permissions). */
const shared = (store: Store, host: string): AccessAtom[] =>
  store
    .ofType(experimentToken)
    .filter(({ scope, name }) => scope === host && /^(\/Workspace)?\/Shared\//.test(name))
    .flatMap(({ body }) => {
      const object = `experiment:${textAt(body, "experimentId")}`;
      return (levels[experimentFolder]?.allows.CAN_MANAGE ?? []).map((action) => ({
        action,
        object,
        at: object,
        through: "users",
      }));
    });

function membershipOf(
  store: Store,
  workspace: CloudObject,
  host: string,
  holders: readonly Holder[],
): AccessAtom[] {
  const object = `workspace:${host}`;
  const atom = (action: string, through: string | null): AccessAtom => ({
    action,
    object,
    at: object,
    through,
  });
  const assigned = store
    .ofType(permissionAssignmentToken)
    .filter(({ scope }) => scope === host)
    .flatMap(({ body }) =>
      holders
        .filter((holder) => names(body, holder))
        .flatMap(({ through }) => [
          atom("use", through),
          ...(textsAt(body, "permissions").includes("ADMIN") ? [atom("administer", through)] : []),
        ]),
    );
  const registered = store
    .ofType(databricksPrincipalToken)
    .filter(({ scope, body }) => scope === host && body.active !== false)
    .flatMap(({ body }) =>
      holders
        .filter((holder) => holder.field === "servicePrincipalName" && holder.through === null)
        .filter((holder) => textAt(body, "applicationId").toLowerCase() === holder.name.toLowerCase())
        .map(() => atom("use", null)),
    );
  return [
    ...assigned,
    ...registered,
    ...byAzure(store, workspace, holders).map((through) => atom("administer", through)),
  ];
}

/** Whoever may change the workspace in Azure is its admin: that is how the first one gets in. */
function byAzure(store: Store, workspace: CloudObject, holders: readonly Holder[]): (string | null)[] {
  return holders
    .filter(({ objectId }) => objectId !== "")
    .filter(({ objectId }) =>
      azureActionsOf(store, [objectId], workspace.id).grants.some(
        ({ roleName }) => roleName === "Contributor" || roleName === "Owner",
      ),
    )
    .map(({ through }) => through);
}

function lists(store: Store, host: string, holders: readonly Holder[]): AccessAtom[] {
  return store
    .ofType(permissionsToken)
    .filter(({ scope }) => scope === host)
    .flatMap(({ body }) => {
      const objectId = textAt(body, "objectId");
      const kind = levels[kindOfId(objectId)?.folder ?? ""];
      if (!kind) return [];
      const object = `${kind.word}:${objectId.split("/").at(-1)}`;
      return bodiesAt(body, "accessControls").flatMap((entry) =>
        holders
          .filter((holder) => names(entry, holder))
          .flatMap(({ through }) =>
            (kind.allows[textAt(entry, "permissionLevel")] ?? []).map((action) => ({
              action,
              object,
              at: object,
              through,
            })),
          ),
      );
    });
}

function secrets(store: Store, host: string, holders: readonly Holder[]): AccessAtom[] {
  return store
    .ofType(secretAclToken)
    .filter(({ scope }) => scope === host)
    .flatMap(({ body }) => {
      const object = `secret-scope:${textAt(body, "scope")}`;
      return holders
        .filter(({ name }) => name.toLowerCase() === textAt(body, "principal").toLowerCase())
        .flatMap(({ through }) =>
          (secretLevels[textAt(body, "permission")] ?? []).map((action) => ({
            action,
            object,
            at: object,
            through,
          })),
        );
    });
}

const folders = { groupName: "groups", userName: "users", servicePrincipalName: "servicePrincipals" };

/** Who may let jobs run as a service principal: roles of the account, good in every workspace. */
function ruleSets(store: Store, holders: readonly Holder[]): AccessAtom[] {
  return store.ofType(ruleSetToken).flatMap((ruleSet) =>
    bodiesAt(ruleSet.body, "grantRules").flatMap((rule) => {
      const action = roleWords[textAt(rule, "role")];
      const principals = textsAt(rule, "principals").map((principal) => principal.toLowerCase());
      const object = `service-principal:${ruleSet.name}`;
      return holders
        .filter(({ field, name }) => principals.includes(`${folders[field]}/${name}`.toLowerCase()))
        .flatMap(({ through }) => (action ? [{ action, object, at: object, through }] : []));
    }),
  );
}
