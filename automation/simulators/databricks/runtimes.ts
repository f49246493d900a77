/** Node types and runtimes that a workspace offers. Others are refused, in the words of the service. */
import { plainError } from "../cloud-error.ts";

export interface SparkVersion {
  readonly key: string;
  readonly name: string;
  readonly longTermSupport: boolean;
}

const releases = [
  { release: "13.3.x", spark: "3.4.1", scala: ["2.12"], longTermSupport: true },
  { release: "14.3.x", spark: "3.5.0", scala: ["2.12"], longTermSupport: true },
  { release: "15.4.x", spark: "3.5.0", scala: ["2.12"], longTermSupport: true },
  { release: "16.3.x", spark: "3.5.2", scala: ["2.12"], longTermSupport: false },
  { release: "16.4.x", spark: "3.5.2", scala: ["2.12", "2.13"], longTermSupport: true },
  { release: "17.2.x", spark: "4.0.0", scala: ["2.13"], longTermSupport: false },
  { release: "17.3.x", spark: "4.0.0", scala: ["2.13"], longTermSupport: true },
];
const flavours = ["", "cpu-ml-", "gpu-ml-"];

export const sparkVersions: readonly SparkVersion[] = releases.flatMap((each) =>
  flavours.flatMap((flavour) =>
    each.scala.map((scala) => ({
      key: `${each.release}-${flavour}scala${scala}`,
      name: `${each.release.replace(".x", "")}${each.longTermSupport ? " LTS" : ""}${flavour === "" ? "" : " ML"} (includes Apache Spark ${each.spark}, ${flavour.startsWith("gpu") ? "GPU, " : ""}Scala ${scala})`,
      longTermSupport: each.longTermSupport,
    })),
  ),
);

export interface NodeType {
  readonly id: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly gpus: number;
}

const sizes = (ids: string, gbPerCore: number): NodeType[] =>
  ids.split(" ").map((id) => {
    const cores = Number(/\d+/.exec(id.replace("Standard_", ""))?.[0]);
    return { id, cores, memoryMb: cores * gbPerCore * 1024, gpus: 0 };
  });

/** Azure sizes that Azure Databricks supports, as far as programs of ours would name them. */
export const nodeTypes: readonly NodeType[] = [
  { id: "Standard_DS3_v2", cores: 4, memoryMb: 14_336, gpus: 0 },
  { id: "Standard_DS4_v2", cores: 8, memoryMb: 28_672, gpus: 0 },
  { id: "Standard_DS5_v2", cores: 16, memoryMb: 57_344, gpus: 0 },
  ...sizes("Standard_D4ds_v5 Standard_D8ds_v5 Standard_D16ds_v5 Standard_D32ds_v5 Standard_D64ds_v5", 4),
  ...sizes("Standard_D4ads_v5 Standard_D8ads_v5 Standard_D16ads_v5 Standard_D32ads_v5", 4),
  ...sizes("Standard_D4s_v5 Standard_D8s_v5 Standard_D16s_v5", 4),
  ...sizes("Standard_E4ds_v5 Standard_E8ds_v5 Standard_E16ds_v5 Standard_E32ds_v5 Standard_E64ds_v5", 8),
  ...sizes("Standard_E4ds_v4 Standard_E8ds_v4 Standard_E16ds_v4", 8),
  ...sizes("Standard_F4s_v2 Standard_F8s_v2 Standard_F16s_v2 Standard_F32s_v2", 2),
  ...sizes("Standard_L8s_v3 Standard_L16s_v3 Standard_L32s_v3", 8),
  { id: "Standard_NC4as_T4_v3", cores: 4, memoryMb: 28_672, gpus: 1 },
  { id: "Standard_NC8as_T4_v3", cores: 8, memoryMb: 57_344, gpus: 1 },
  { id: "Standard_NC16as_T4_v3", cores: 16, memoryMb: 112_640, gpus: 1 },
  { id: "Standard_NC24ads_A100_v4", cores: 24, memoryMb: 225_280, gpus: 1 },
];

export function requireNodeType(id: string): void {
  if (id === "" || nodeTypes.some((type) => type.id === id)) return;
  const supported = nodeTypes.map((type) => type.id).join(", ");
  throw invalid(`Node type ${id} is not supported. Supported node types: ${supported}`);
}

export function requireSparkVersion(key: string): void {
  if (sparkVersions.some((version) => version.key === key)) return;
  throw invalid(`Invalid spark version ${key}.`);
}

const invalid = (message: string): Error => plainError(400, "INVALID_PARAMETER_VALUE", message);
