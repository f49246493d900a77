import { DiagnosticSetting } from "@pulumi/azure-native/monitor/diagnosticSetting.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { factoryId, lakeId, logAnalyticsId, sqlServerId, vaultId, workspaceId } from "../layout/names.ts";

/** One name for all: a setting is known by it and by what it is on. */
const settingName = "rowgate-audit";

interface Trail {
  readonly name: string;
  readonly own: boolean;
  readonly id: string;
  /** Azure's group of log categories; factories and workspaces have no group for audit alone */
  readonly categoryGroup: "audit" | "allLogs";
}

const trails = (environment: EnvironmentFacts): readonly Trail[] => {
  const { existing } = environment;
  return [
    { name: "key-vault", own: !existing.key_vault, id: vaultId(environment), categoryGroup: "audit" },
    {
      name: "lake",
      own: !existing.lake,
      id: `${lakeId(environment)}/blobServices/default`,
      categoryGroup: "audit",
    },
    // Events of the whole server come out at its master database.
    {
      name: "sql-server",
      own: !existing.sql_server,
      id: `${sqlServerId(environment)}/databases/master`,
      categoryGroup: "audit",
    },
    { name: "factory", own: !existing.factory, id: factoryId(environment), categoryGroup: "allLogs" },
    { name: "workspace", own: !existing.workspace, id: workspaceId(environment), categoryGroup: "allLogs" },
  ];
};

/**
 * Who did what on everything that holds data or secrets, in Log Analytics (Azure.KeyVault.Logs, CKV_AZURE_33).
 * What existed before has its owner's setting: a second one for the same logs is refused.
 */
export class AuditTrail extends ComponentResource {
  constructor(name: string, environment: EnvironmentFacts, opts: ComponentResourceOptions) {
    super("rowgate:components:AuditTrail", name, {}, opts);
    for (const trail of trails(environment).filter(({ own }) => own)) {
      new DiagnosticSetting(
        `audit-${trail.name}`,
        {
          name: settingName,
          resourceUri: trail.id,
          workspaceId: logAnalyticsId(environment),
          logs: [{ categoryGroup: trail.categoryGroup, enabled: true }],
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
