/**
 * What clusters may be made of. Data, not code: a platform engineer adds a line when a size or a runtime is
 * wanted. Pure.
 */

interface MachineSeries {
  /** what it is for */
  readonly words: string;
  readonly pattern: RegExp;
}

/**
 * Series that Databricks offers on Azure and that have encrypted local disks or none; none of 32 cores and more,
 * nor with more than one GPU: those are asked for by exception.
 */
const machineSeries: readonly MachineSeries[] = [
  { words: "Standard_DS3_v2, Standard_DS4_v2", pattern: /^Standard_DS[34]_v2$/ },
  { words: "Standard_D4ds_v5 to Standard_D16ds_v5", pattern: /^Standard_D(?:4|8|16)a?d?s_v[3-6]$/ },
  { words: "Standard_E4ds_v5 to Standard_E16ds_v5", pattern: /^Standard_E(?:4|8|16)a?d?s_v[3-6]$/ },
  { words: "Standard_F4s_v2 to Standard_F16s_v2", pattern: /^Standard_F(?:4|8|16)s_v2$/ },
  { words: "Standard_L4s to Standard_L16s_v3", pattern: /^Standard_L(?:4|8|16)a?s(?:_v[23])?$/ },
  {
    words: "Standard_NC4as_T4_v3 to Standard_NC16as_T4_v3",
    pattern: /^Standard_NC(?:4|8|16)as_T4_v3$/,
  },
];

export const isMachine = (nodeType: string): boolean =>
  machineSeries.some(({ pattern }) => pattern.test(nodeType));
export const machineWords = machineSeries.map(({ words }) => words).join("; ");

/** Databricks runtimes with long-term support ("Databricks Runtime release notes versions and compatibility"). */
const longTermSupport: readonly string[] = ["13.3", "14.3", "15.4", "16.4", "17.3"];

/** @param version e.g. `16.4.x-cpu-ml-scala2.12` */
export const isLongTermRuntime = (version: string): boolean => {
  const release = /^(\d+\.\d+)\.x(?:-[a-z0-9.]+)*$/.exec(version)?.[1];
  return release !== undefined && longTermSupport.includes(release);
};
export const runtimeWords = longTermSupport.map((release) => `${release}.x`).join(", ");

/** Where Databricks also takes scripts for a cluster's start from, beside Unity Catalog's volumes. */
export const otherScriptSources = ["workspace", "dbfs", "abfss", "file", "s3", "gcs"] as const;

/** Four times what the largest job so far asks for; a typing error is larger. */
export const mostWorkers = 64;

/** Minutes: Databricks' own least, and an hour, after which nobody comes back from a break. */
export const idleMinutes = { least: 10, most: 60 } as const;
