/** What the simulated tenant holds before anybody does anything: applied once, to an empty store. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { putSecurable } from "./databricks/metastore.ts";
import { groupToken, userToken } from "./entra/directory.ts";
import type { Body } from "./json.ts";
import type { Tenant } from "./resource-type.ts";
import type { ObjectWrite, Store } from "./store.ts";

const guid = z.guid();
const seedFile = z.object({
  tenantId: guid.optional(),
  subscriptionId: guid.optional(),
  /** address that the service calls from; absent: no list can lock it out */
  callerAddress: z.ipv4().optional(),
  // Minutes on Azure, where it hits groups above all; seconds here, so that a trial does not take a morning.
  principalLagSeconds: z.number().min(0).default(5),
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
            .array(z.object({ name: z.string(), models: z.array(z.string()).default([]) }))
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
  };
}

function applySeed(store: Store, seed: Seed): void {
  const tenantId = seed.tenantId ?? crypto.randomUUID();
  store.setFact("tenantId", tenantId);
  store.setFact("subscriptionId", seed.subscriptionId ?? crypto.randomUUID());
  store.setFact("deployerId", crypto.randomUUID());
  store.setFact("principalLagSeconds", String(seed.principalLagSeconds));
  if (seed.callerAddress) store.setFact("callerAddress", seed.callerAddress);
  seedDirectory(store, seed, tenantId);
  for (const vault of seed.vaults) seedVault(store, vault, tenantId);
  for (const catalog of seed.metastore.catalogs) {
    putSecurable(store, "catalog", catalog.name);
    for (const schema of catalog.schemas) {
      const name = `${catalog.name}.${schema.name}`;
      putSecurable(store, "schema", name);
      for (const model of schema.models) putSecurable(store, "model", `${name}.${model}`);
    }
  }
  store.setFact("seededAt", new Date().toISOString());
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
  for (const { id: objectId, displayName, members: names } of seed.groups) {
    const members = names.map((upn) => {
      const user = seed.users.find((found) => found.userPrincipalName === upn);
      if (user) return user.id;
      throw new Error(`The seed's group ${displayName} has the member ${upn}, who is no user of it.`);
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
  publicNetworkAccess: "enabled",
  provisioningState: "Succeeded",
};
