/** Rules for what lies in a data factory. Its own ids have other capitals than Data Factory's documentation. */
import { inGroup } from "./arm-id.ts";
import type { AdoptionRule } from "./rules.ts";

const inFactory = (path: string) => inGroup(`Microsoft.DataFactory/factories/{factoryName}/${path}`);

export const factoryRules: Readonly<Record<string, AdoptionRule>> = {
  "azure-native:datafactory:LinkedService": inFactory("linkedservices/{linkedServiceName}"),
  "azure-native:datafactory:Dataset": inFactory("datasets/{datasetName}"),
  "azure-native:datafactory:Pipeline": inFactory("pipelines/{pipelineName}"),
  "azure-native:datafactory:Trigger": inFactory("triggers/{triggerName}"),
};
