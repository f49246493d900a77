/** How a copy reads each kind of data source. Of no package of Pulumi: what compares pipelines needs it, too. */
import type { DataSourceSpec } from "../../metadata-schema/desired-state.ts";
import type { Settings } from "./pipeline-json.ts";

/** True: it lies in the environment's own lake, which the factory has a linked service for. */
export const isOwnLake = ({ host, type }: DataSourceSpec): boolean =>
  host === null && (type === "adls" || type === "blob");

const tableKinds: readonly DataSourceSpec["type"][] = ["sql-server", "azure-sql", "rest"];
/** Rows become Parquet; files are copied as they are. */
export const isTable = ({ type }: DataSourceSpec): boolean => tableKinds.includes(type);

function readerOf(source: DataSourceSpec): Settings {
  switch (source.type) {
    case "sql-server":
      return { type: "SqlServerSource", queryTimeout: "02:00:00", partitionOption: "None" };
    case "azure-sql":
      return { type: "AzureSqlSource", queryTimeout: "02:00:00", partitionOption: "None" };
    case "rest":
      return { type: "RestSource", requestMethod: "GET", httpRequestTimeout: "00:01:40" };
    case "adls":
      return { type: "BinarySource", storeSettings: { type: "AzureBlobFSReadSettings", recursive: true } };
    case "blob": {
      const type = isOwnLake(source) ? "AzureBlobFSReadSettings" : "AzureBlobStorageReadSettings";
      return { type: "BinarySource", storeSettings: { type, recursive: true } };
    }
    default:
      return source.type satisfies never;
  }
}

/** How the copy of a source reads and writes, as an activity's settings. */
export function copySettings(source: DataSourceSpec): Settings {
  const storeSettings = { type: "AzureBlobFSWriteSettings" };
  return {
    source: readerOf(source),
    sink: isTable(source)
      ? { type: "ParquetSink", storeSettings, formatSettings: { type: "ParquetWriteSettings" } }
      : { type: "BinarySink", storeSettings },
  };
}
