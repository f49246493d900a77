/** The tenant that the tests of the simulated clouds start from. */
export const subscriptionId = "22222222-2222-4222-8222-222222222222";
export const subscription = `/subscriptions/${subscriptionId}`;
export const tenantId = "11111111-1111-4111-8111-111111111111";
export const adaId = "33333333-3333-4333-8333-333333333333";
export const teamId = "44444444-4444-4444-8444-444444444444";
export const mlVault = `${subscription}/resourceGroups/rg-shared/providers/Microsoft.KeyVault/vaults/ml-vault`;
export const ada = "ada@contoso.example";

/** short, so that a test can wait for it */
export const lagSeconds = 1;

export const seed = {
  principalLagSeconds: lagSeconds,
  tenantId,
  subscriptionId,
  callerAddress: "203.0.113.7",
  users: [{ id: adaId, displayName: "Ada", userPrincipalName: ada }],
  groups: [
    { id: teamId, displayName: "ds_team", members: [ada] },
    { id: "55555555-5555-4555-8555-555555555555", displayName: "twins", members: [] },
    { id: "66666666-6666-4666-8666-666666666666", displayName: "twins", members: [] },
  ],
  vaults: [{ id: mlVault, location: "eastus", secrets: ["databricks-token"] }],
  metastore: {
    catalogs: [
      {
        name: "ml",
        schemas: [{ name: "models", models: [{ name: "job_201", versions: 2 }], tables: ["scores"] }],
      },
    ],
  },
};

export const roleId = (guid: string): string =>
  `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
export const reader = roleId("acdd72a7-3385-48ef-bd42-f606fba81ae7");
export const secretsUser = roleId("4633458b-17de-408a-b874-0445c86b69e6");
