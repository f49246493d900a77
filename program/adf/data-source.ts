/** What each kind of data source is in Data Factory: a linked service and a dataset. */
import type { DatasetArgs } from "@pulumi/azure-native/datafactory/dataset.js";
import type { LinkedServiceArgs } from "@pulumi/azure-native/datafactory/linkedService.js";
import type { DataSourceSpec, SecretSpec } from "../../metadata-schema/desired-state.ts";
import { factoryCredentialName, linkedServices } from "../layout/names.ts";
import { isOwnLake, isTable } from "./copy-settings.ts";
import { literal } from "./pipeline-json.ts";

type LinkedService = LinkedServiceArgs["properties"];
type Dataset = DatasetArgs["properties"];

export const linkedServiceReference = (referenceName: string) =>
  ({ referenceName, type: "LinkedServiceReference" }) as const;

const factoryCredential = { referenceName: factoryCredentialName, type: "CredentialReference" } as const;

/** The factory asks the vault for the value each time; nobody else ever has it. */
const secretReference = ({ secretName }: SecretSpec) =>
  ({
    type: "AzureKeyVaultSecret",
    store: linkedServiceReference(linkedServices.keyVault),
    secretName: literal(secretName),
  }) as const;

/** Never in clear, whatever scheme the row has. */
const withScheme = (host: string): string => `https://${host.replace(/^https?:\/\//i, "")}`;

/** A login has the name of the secret that holds its password: rows name secrets and nothing else. */
function sqlSettings(source: DataSourceSpec, host: string) {
  const { credential, database } = source;
  const place = {
    server: literal(host),
    ...(database === null ? {} : { database: literal(database) }),
    // Never in clear, whatever the server would allow.
    encrypt: "mandatory",
    trustServerCertificate: false,
  };
  return credential === null
    ? { ...place, authenticationType: "UserAssignedManagedIdentity", credential: factoryCredential }
    : {
        ...place,
        authenticationType: "SQL",
        userName: literal(credential.secretName),
        password: secretReference(credential),
      };
}

/** Storage of others: by the factory's identity, or by a signature for just what its owner shares; never by key. */
function storageAccess(source: DataSourceSpec, url: string) {
  const { credential, database } = source;
  if (credential === null) return { credential: factoryCredential };
  const shared = database === null ? url : `${url}/${encodeURIComponent(database)}`;
  return { sasUri: shared, sasToken: secretReference(credential) };
}

function restAccess({ credential }: DataSourceSpec, url: string) {
  return credential === null
    ? {
        authenticationType: "ManagedServiceIdentity",
        aadResourceId: literal(url.replace(/^(https:\/\/[^/]+).*$/, "$1")),
        credential: factoryCredential,
      }
    : // The secret is the whole header, so that any scheme will do.
      { authenticationType: "Anonymous", authHeaders: { Authorization: secretReference(credential) } };
}

/**
 * The linked service of a data source.
 * @param host the source's; it isn't the own lake's
 * @param runtime name of the integration runtime that reaches it
 */
export function sourceLinkedService(source: DataSourceSpec, host: string, runtime: string): LinkedService {
  const common = {
    description: `Data source ${source.name}`,
    connectVia: { referenceName: runtime, type: "IntegrationRuntimeReference" },
  };
  switch (source.type) {
    case "sql-server":
      return { ...common, type: "SqlServer", ...sqlSettings(source, host) };
    case "azure-sql":
      return { ...common, type: "AzureSqlDatabase", ...sqlSettings(source, host) };
    case "adls": {
      const url = withScheme(host);
      const byIdentity = source.credential === null ? { url } : {};
      return { ...common, type: "AzureBlobFS", ...byIdentity, ...storageAccess(source, url) };
    }
    case "blob": {
      const url = withScheme(host);
      const byIdentity = source.credential === null ? { serviceEndpoint: url, accountKind: "StorageV2" } : {};
      return { ...common, type: "AzureBlobStorage", ...byIdentity, ...storageAccess(source, url) };
    }
    case "rest": {
      const url = withScheme(host);
      return {
        ...common,
        type: "RestService",
        url: literal(url),
        enableServerCertificateValidation: true,
        ...restAccess(source, url),
      };
    }
    default:
      return source.type satisfies never;
  }
}

/** Schema and table of `sales.orders`; without a schema it is the login's own. */
function tableOf(path: string | null): { readonly schema?: string; readonly table?: string } {
  if (path === null) return {};
  const [table = "", schema] = path.split(".").reverse();
  return { ...(schema === undefined ? {} : { schema: literal(schema) }), table: literal(table) };
}

function filesOf({ database, path }: DataSourceSpec, service: "fs" | "blob") {
  const container = database === null ? null : literal(database);
  const folder = path === null ? {} : { folderPath: literal(path.replace(/^\/+/, "")) };
  return service === "fs"
    ? ({
        type: "AzureBlobFSLocation",
        ...(container === null ? {} : { fileSystem: container }),
        ...folder,
      } as const)
    : ({
        type: "AzureBlobStorageLocation",
        ...(container === null ? {} : { container }),
        ...folder,
      } as const);
}

/** @param linkedService name of the one that leads to the source */
export function sourceDataset(source: DataSourceSpec, linkedService: string): Dataset {
  const linkedServiceName = linkedServiceReference(linkedService);
  switch (source.type) {
    case "sql-server":
      return { type: "SqlServerTable", linkedServiceName, ...tableOf(source.path) };
    case "azure-sql":
      return { type: "AzureSqlTable", linkedServiceName, ...tableOf(source.path) };
    case "adls":
      return { type: "Binary", linkedServiceName, location: filesOf(source, "fs") };
    case "blob":
      // The own lake's linked service speaks the lake's protocol, for its blobs too.
      return {
        type: "Binary",
        linkedServiceName,
        location: filesOf(source, isOwnLake(source) ? "fs" : "blob"),
      };
    case "rest": {
      const relativeUrl = source.path === null ? {} : { relativeUrl: literal(source.path) };
      return { type: "RestResource", linkedServiceName, ...relativeUrl };
    }
    default:
      return source.type satisfies never;
  }
}

/** Where a copy lands: a folder in the job's container. */
export function sinkDataset(source: DataSourceSpec, container: string, folder: string): Dataset {
  const linkedServiceName = linkedServiceReference(linkedServices.lake);
  const location = {
    type: "AzureBlobFSLocation",
    fileSystem: container,
    folderPath: literal(folder),
  } as const;
  return isTable(source)
    ? { type: "Parquet", linkedServiceName, location, compressionCodec: "snappy" }
    : { type: "Binary", linkedServiceName, location };
}
