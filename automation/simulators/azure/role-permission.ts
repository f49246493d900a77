/** How the built-in roles are written down. */

/** What a role allows: actions less notActions on resources, dataActions less notDataActions on what is in them. */
export interface RolePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

export interface BuiltInRole {
  readonly name: string;
  readonly permission: RolePermission;
}

export const role = (name: string, permission: Partial<RolePermission>): BuiltInRole => ({
  name,
  permission: { actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission },
});

/** `within("Microsoft.Storage/storageAccounts", "read", "write")` */
export const within = (prefix: string, ...rest: readonly string[]): string[] =>
  rest.map((each) => `${prefix}/${each}`);

// what most roles of one service can do besides
export const usual = [
  "Microsoft.Authorization/*/read",
  "Microsoft.Insights/alertRules/*",
  "Microsoft.Resources/deployments/*",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Support/*",
];
export const health = "Microsoft.ResourceHealth/availabilityStatuses/read";
