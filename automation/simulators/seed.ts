/** What the simulated tenant holds before anybody does anything: applied once, to an empty store. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { putSecurable } from "./databricks/metastore.ts";
import { putModelVersion } from "./databricks/model-version.ts";
import { groupToken, servicePrincipalToken, userToken } from "./entra/directory.ts";
import type { Body } from "./json.ts";
import type { Tenant } from "./resource-type.ts";
import { changeSettings, settingsSchema } from "./settings.ts";
import type { ObjectWrite, Store } from "./store.ts";

const guid = z.guid();
const modelSeed = z.object({ name: z.string(), versions: z.int().min(0).default(0) });
const seedFile = z.object({
  tenantId: guid.optional(),
  subscriptionId: guid.optional(),
  /** address that the service calls from; absent: no list can lock it out */
  callerAddress: z.ipv4().optional(),
  // Minutes on Azure, where it hits groups above all; seconds here, so that a trial does not take a morning.
  principalLagSeconds: z.number().min(0).default(5),
  settings: settingsSchema.prefault({}),
  /** applications and managed identities that are there already */
  servicePrincipals: z
    .array(
      z.object({
        id: guid,
        appId: guid,
        displayName: z.string(),
        servicePrincipalType: z.string().default("Application"),
      }),
    )
    .default([]),
  /** names of self-hosted runtimes whose machines stand ready: they register as soon as the runtime is made */
  selfHostedNodes: z.array(z.string()).default([]),
  users: z.array(z.object({ id: guid, displayName: z.string(), userPrincipalName: z.string() })).default([]),
  groups: z
    .array(z.object({ id: guid, displayName: z.string(), members: z.array(z.string()).default([]) }))
    .default([]),
  /** names of secrets only */
  vaults: z
    .array(z.object({ id: z.string(), location: z.string(), secrets: z.array(z.string()).default([]) }))
    .default([]),
  metastore: z
    .object({
      catalogs: z.array(
        z.object({
          name: z.string(),
          schemas: z
            .array(
              z.object({
                name: z.string(),
                models: z.array(z.union([z.string(), modelSeed])).default([]),
                tables: z.array(z.string()).default([]),
                volumes: z.array(z.string()).default([]),
                functions: z.array(z.string()).default([]),
              }),
            )
            .default([]),
        }),
      ),
    })
    .default({ catalogs: [] }),
});
type Seed = z.infer<typeof seedFile>;

/** Reads and checks a seed file; a fault names the file and the field. */
export function readSeed(file: string): Seed {
  const parsed = seedFile.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "file"}: ${issue.message}`);
  throw new Error(`The seed file ${file} is not valid: ${faults.join("; ")}.`);
}

/** The tenant of this store; made, and seeded, when the store is empty. */
export function openTenant(store: Store, seed: () => Seed | undefined): Tenant {
  if (store.isEmpty()) {
    const first = seed() ?? seedFile.parse({});
    store.transaction(() => applySeed(store, first));
  }
  return {
    tenantId: store.fact("tenantId") ?? "",
    subscriptionId: store.fact("subscriptionId") ?? "",
    deployerId: store.fact("deployerId") ?? "",
    callerAddress: store.fact("callerAddress") ?? null,
    seededAt: store.fact("seededAt") ?? "",
    principalLagSeconds: Number(store.fact("principalLagSeconds") ?? "0"),
    selfHostedNodes: (store.fact("selfHostedNodes") ?? "").split(" "),
  };
}

function applySeed(store: Store, seed: Seed): void {
  const tenantId = seed.tenantId ?? crypto.randomUUID();
  store.setFact("tenantId", tenantId);
  store.setFact("subscriptionId", seed.subscriptionId ?? crypto.randomUUID());
  store.setFact("deployerId", crypto.randomUUID());
  store.setFact("principalLagSeconds", String(seed.principalLagSeconds));
  store.setFact("selfHostedNodes", seed.selfHostedNodes.join(" "));
  changeSettings(store, seed.settings);
  if (seed.callerAddress) store.setFact("callerAddress", seed.callerAddress);
  seedDirectory(store, seed, tenantId);
  for (const vault of seed.vaults) seedVault(store, vault, tenantId);
  for (const catalog of seed.metastore.catalogs) {
    putSecurable(store, "catalog", catalog.name);
    for (const schema of catalog.schemas) {
      const name = `${catalog.name}.${schema.name}`;
      putSecurable(store, "schema", name);
      for (const model of schema.models) seedModel(store, name, model);
      for (const table of schema.tables) putSecurable(store, "table", `${name}.${table}`);
      for (const volume of schema.volumes) putSecurable(store, "volume", `${name}.${volume}`);
      for (const each of schema.functions) putSecurable(store, "function", `${name}.${each}`);
    }
  }
  store.setFact("seededAt", new Date().toISOString());
}

function seedModel(store: Store, schema: string, model: string | z.infer<typeof modelSeed>): void {
  const { name, versions } = typeof model === "string" ? { name: model, versions: 0 } : model;
  putSecurable(store, "model", `${schema}.${name}`);
  for (let made = 0; made < versions; made += 1) putModelVersion(store, `${schema}.${name}`);
}

function seedDirectory(store: Store, seed: Seed, scope: string): void {
  const put = (
    folder: string,
    type: string,
    body: Body & { objectId: string; displayName: string },
  ): void => {
    const id = `/${folder}/${body.objectId}`;
    store.put({ cloud: "entra", id, type, name: body.displayName, scope, body });
  };
  for (const { id: objectId, displayName, userPrincipalName } of seed.users) {
    put("users", userToken, { objectId, displayName, userPrincipalName });
  }
  for (const { id: objectId, appId: clientId, ...rest } of seed.servicePrincipals) {
    put("servicePrincipals", servicePrincipalToken, { objectId, clientId, ...rest });
  }
  for (const { id: objectId, displayName, members: names } of seed.groups) {
    const members = names.map((name) => {
      const user = seed.users.find((found) => found.userPrincipalName === name);
      const other =
        user ?? [...seed.groups, ...seed.servicePrincipals].find((found) => found.displayName === name);
      if (other) return other.id;
      throw new Error(`The seed's group ${displayName} has the member ${name}, who is not in it.`);
    });
    put("groups", groupToken, { objectId, displayName, securityEnabled: true, mailEnabled: false, members });
  }
}

const vaultId =
  /^(\/subscriptions\/[^/]+\/resourceGroups\/([^/]+))\/providers\/Microsoft\.KeyVault\/vaults\/([^/]+)$/i;

function seedVault(store: Store, vault: Seed["vaults"][number], tenantId: string): void {
  const [, scope = "", groupName = "", name = ""] = vaultId.exec(vault.id) ?? [];
  if (!name) throw new Error(`The seed's vault ${vault.id} is not an ARM id of a vault.`);
  const { location } = vault;
  const put = (write: Omit<ObjectWrite, "cloud" | "scope">): void => {
    store.put({ cloud: "azure", scope, ...write });
  };
  if (!store.get("azure", scope)) {
    const body = {
      name: groupName,
      type: "Microsoft.Resources/resourceGroups",
      location,
      properties: { provisioningState: "Succeeded" },
    };
    put({ id: scope, type: "azure-native:resources:ResourceGroup", name: groupName, body });
  }
  const vaultUri = `https://${name.toLowerCase()}.vault.azure.net/`;
  const properties = { ...seededVault, tenantId, vaultUri };
  const body = { name, type: "Microsoft.KeyVault/vaults", location, properties };
  put({ id: vault.id, type: "azure-native:keyvault:Vault", name, body });
  for (const secret of vault.secrets) {
    const id = `${vault.id}/secrets/${secret}`;
    const shown = { attributes: { enabled: true }, secretUri: `${vaultUri}secrets/${secret}` };
    put({ id, type: "azure-native:keyvault:Secret", name: secret, body: shown });
  }
}

const seededVault = {
  sku: { family: "A", name: "standard" },
  enableRbacAuthorization: true,
  enableSoftDelete: true,
  softDeleteRetentionInDays: 90,
  enablePurgeProtection: true,
  publicNetworkAccess: "disabled",
  networkAcls: { bypass: "None", defaultAction: "Deny" },
  provisioningState: "Succeeded",
};
