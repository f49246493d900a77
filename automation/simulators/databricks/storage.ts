/** How Unity Catalog reaches a lake: a credential is an access connector's identity, a location a place it opens. */
import { matches } from "../check.ts";
import { plainError } from "../cloud-error.ts";
import { at, type Body, isBody, textAt } from "../json.ts";
import type { CallContext, InputFault } from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { externalLocationToken, requireSecurable } from "./metastore.ts";
import { metastoreObject } from "./metastore-object.ts";

const accessConnectorToken = "azure-native:databricks:AccessConnector";

export const storageCredential = metastoreObject({
  kind: "storageCredential",
  required: ["name"],
  replaceOn: ["name"],
  computed: ["isolationMode"],
  outputsOnly: ["credentialId", "metastoreId", "storageCredentialId"],
  fullName: (inputs) => textAt(inputs, "name"),
  taken: (name) => `Storage Credential '${name}' already exists`,
  check: (inputs): InputFault[] =>
    inputs.azureManagedIdentity === undefined
      ? [
          {
            property: "azureManagedIdentity",
            reason:
              "is required: credentials of other kinds hold secrets or are of other clouds, and are not simulated",
          },
        ]
      : [],
  build: ({ ctx, inputs, before }) => {
    requireConnector(ctx, textAt(inputs, "azureManagedIdentity.accessConnectorId"));
    const storageCredentialId = before?.body.storageCredentialId ?? crypto.randomUUID();
    const identity: Body = isBody(inputs.azureManagedIdentity) ? inputs.azureManagedIdentity : {};
    return {
      azureManagedIdentity: { ...identity, credentialId: storageCredentialId },
      isolationMode: inputs.isolationMode ?? "ISOLATION_MODE_OPEN",
      storageCredentialId,
    };
  },
  release: (ctx, credential) => {
    const users = locationsOf(ctx, credential.name);
    if (users.length === 0 || at(credential.body, "forceDestroy") === true) return;
    throw plainError(
      400,
      "INVALID_STATE",
      `Storage Credential '${credential.name}' cannot be deleted because it is used by ${users.length} external location(s): ${users.map(({ name }) => name).join(", ")}.`,
    );
  },
});

function requireConnector(ctx: CallContext, id: string): void {
  const connector = ctx.store.get("azure", id);
  if (connector && connector.type === accessConnectorToken) return;
  throw plainError(
    400,
    "INVALID_PARAMETER_VALUE",
    `Failed to get credentials: the Azure Databricks access connector ${id} was not found.`,
  );
}

const locationsOf = (ctx: CallContext, credential: string): CloudObject[] =>
  ctx.store
    .ofType(externalLocationToken)
    .filter((location) => textAt(location.body, "credentialName").toLowerCase() === credential.toLowerCase());

const url = /^abfss:\/\/[a-z0-9$-]+@[a-z0-9]{3,24}\.dfs\.core\.windows\.net(\/.*)?$/;

export const externalLocation = metastoreObject({
  kind: "externalLocation",
  required: ["credentialName", "name", "url"],
  replaceOn: ["name"],
  computed: ["isolationMode"],
  outputsOnly: ["browseOnly", "credentialId", "metastoreId"],
  fullName: (inputs) => textAt(inputs, "name"),
  taken: (name) => `External Location '${name}' already exists`,
  check: (inputs) =>
    matches(inputs, "url", {
      pattern: url,
      says: "abfss://<container>@<account>.dfs.core.windows.net/<path>",
    }),
  build: ({ ctx, fullName, inputs }) => {
    const credential = requireSecurable(ctx, "storageCredential", textAt(inputs, "credentialName"));
    refuseOverlap(ctx, fullName, textAt(inputs, "url"));
    return {
      credentialId: credential.body.storageCredentialId ?? "",
      isolationMode: inputs.isolationMode ?? "ISOLATION_MODE_OPEN",
      browseOnly: false,
    };
  },
});

const asFolder = (text: string): string => `${text.replace(/\/+$/, "")}/`;

/** No two locations open the same place. */
function refuseOverlap(ctx: CallContext, name: string, path: string): void {
  const [mine, others] = [asFolder(path), ctx.store.ofType(externalLocationToken)];
  const other = others.find((location) => {
    const theirs = asFolder(textAt(location.body, "url"));
    const overlaps = theirs.startsWith(mine) || mine.startsWith(theirs);
    return overlaps && location.name.toLowerCase() !== name.toLowerCase();
  });
  if (!other) return;
  throw plainError(
    400,
    "INVALID_PARAMETER_VALUE",
    `Input path url '${path}' overlaps with an existing external location within 'CreateExternalLocation' call. Conflicting location: ${other.name}.`,
  );
}
