/** Columns of the rows that jobs share: where they run, what they read through, what they train. */
import type { Table } from "./column.ts";

const name = (what: string, example: string, maxLength = 128) =>
  ({ type: "text", what, example, maxLength }) as const;
const workers = { type: "integer", minimum: 0 } as const;

export const sharedTables = {
  Environments: {
    what: "Where jobs run: one subscription, network and Databricks workspace.",
    key: "name",
    identity: ["name"],
    columns: {
      name: {
        type: "text",
        what: "Short name; part of the names of stacks and resources, so it can't be changed later.",
        example: "eastus",
        maxLength: 12,
        pattern: { regExp: /^[a-z0-9]{2,12}$/, words: "must be 2 to 12 of a-z and 0-9" },
      },
      is_default: {
        type: "boolean",
        what: "The environment of jobs that name none. At most one row.",
        example: true,
        defaultValue: false,
      },
      location: { type: "text", what: "Azure region.", example: "eastus", maxLength: 64 },
      subscription_id: {
        type: "text",
        what: "Subscription that the resources are made in (GUID).",
        example: "0c558b56-a63f-5061-9918-1ef05ef55d67",
        length: 36,
      },
      tenant_id: {
        type: "text",
        what: "Entra tenant of the groups and people (GUID).",
        example: "bd3df6c6-db8f-580a-8449-c0c20fa7e19d",
        length: 36,
      },
      resource_group: {
        type: "text",
        what: "Resource group that holds what is made.",
        example: "rg-ml-eastus",
        maxLength: 90,
      },
      address_space: {
        type: "text",
        what: "IPv4 range (CIDR) of the virtual network.",
        example: "10.20.0.0/16",
        maxLength: 64,
        mayBeEmpty: true,
      },
      key_vault_id: {
        type: "text",
        what: "ARM id of an existing key vault.",
        example:
          "/subscriptions/0c558b56-a63f-5061-9918-1ef05ef55d67/resourceGroups/rg-shared-eastus/providers/Microsoft.KeyVault/vaults/ml-vault",
        maxLength: 512,
        mayBeEmpty: true,
        whenNull: "a vault is made",
      },
      catalog_name: { ...name("Unity Catalog catalog of the jobs' models.", "ml", 255), defaultValue: "ml" },
      schema_name: { ...name("Schema in that catalog.", "models", 255), defaultValue: "models" },
      default_node_type: {
        ...name("Virtual machine size of clusters that name none.", "Standard_D4ds_v5"),
        defaultValue: "Standard_D4ds_v5",
      },
      default_spark_version: {
        ...name("Databricks runtime of clusters that name none.", "16.4.x-scala2.12"),
        defaultValue: "16.4.x-scala2.12",
      },
      service_address: {
        type: "text",
        what: "Address (IPv4 CIDR) that this service calls Databricks from; always on the allow list.",
        example: "203.0.113.10/32",
        maxLength: 64,
        mayBeEmpty: true,
      },
      own_group: {
        type: "text",
        what: "Display name of an Entra group to make for this environment.",
        example: "weu_ml_oncall",
        maxLength: 256,
        mayBeEmpty: true,
        whenNull: "no group is made",
      },
      own_group_members: {
        type: "text-list",
        what: "User principal names of that group's members.",
        example: ["ines.moreau@contoso.example"],
        defaultValue: [],
      },
      production: {
        type: "boolean",
        what: "false: a place to try things; guardrails that only production needs do not apply.",
        example: true,
        defaultValue: true,
      },
      deletion_protection: {
        type: "boolean",
        what: "Its network, vault, lake, databases, workspace, logs and identities cannot be deleted or replaced while true.",
        example: true,
        defaultValue: true,
      },
      existing_resources: {
        type: "object",
        what: "ARM ids of resources that exist already, by what they are; all others are made.",
        example: {
          virtual_network:
            "/subscriptions/0c558b56-a63f-5061-9918-1ef05ef55d67/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub",
        },
        textValues: true,
        defaultValue: {},
      },
      databricks_account_id: {
        type: "text",
        what: "Databricks account (GUID) in which a rule set says who may run jobs as a job's service principal.",
        example: "6f1d2a90-53c4-5b8e-9a77-2d40c1e8b3f6",
        length: 36,
        whenNull: "no rule set is made for jobs' identities",
      },
      service_url: {
        ...name(
          "Base URL (https) at which pipelines and alerts reach this service.",
          "https://rowgate.contoso.example",
          256,
        ),
        whenNull: "pipelines and alerts do not call back",
      },
      alert_emails: {
        type: "text-list",
        what: "Addresses that the action group mails.",
        example: ["ml-oncall@contoso.example"],
        defaultValue: [],
      },
    },
  },
  Integration_Runtimes: {
    what: "Data Factory runtimes that copy data: in the managed network, or on a site of yours.",
    key: "name",
    identity: ["name"],
    columns: {
      name: name("Name in Data Factory.", "ir-plant-lyon", 63),
      environment: {
        ...name("Environment whose factory it belongs to.", "weu", 12),
        whenNull: "the default environment",
        references: "Environments",
      },
      kind: {
        ...name("managed (in the factory's managed network) or self-hosted.", "self-hosted", 64),
        values: ["managed", "self-hosted"],
      },
      location: name(
        "What it reaches: an Azure region, or the name of a site. A data source of the same location is read through it.",
        "plant-lyon",
      ),
      core_count: {
        ...workers,
        what: "Cores of a managed runtime's data flows.",
        example: 8,
        minimum: 1,
        whenNull: "8",
      },
      time_to_live_minutes: {
        ...workers,
        what: "Minutes that a managed runtime stays warm after its last use.",
        example: 10,
        defaultValue: 10,
      },
      enabled: {
        type: "boolean",
        what: "false: no job is given this runtime.",
        example: true,
        defaultValue: true,
      },
      description: {
        ...name("For people.", "Line PLCs of the Lyon plant", 1024),
        mayBeEmpty: true,
        whenNull: "none",
      },
    },
  },
  Data_Sources: {
    what: "Where jobs read from. Credentials are references to a key vault, never values.",
    key: "name",
    identity: ["name"],
    columns: {
      name: name("Name that pipeline settings refer to.", "erp-orders"),
      kind: {
        ...name("sql-server, azure-sql, adls, blob, rest.", "sql-server", 64),
        values: ["sql-server", "azure-sql", "adls", "blob", "rest"],
      },
      location: name("Azure region or name of a site; picks the integration runtime.", "plant-lyon"),
      host: {
        ...name("Server, account or URL.", "sql01.lyon.contoso.example", 256),
        whenNull: "the environment's own lake",
      },
      database_name: { ...name("Database or container.", "erp"), whenNull: "none" },
      path: {
        ...name("Table, folder or query path in it.", "sales.orders", 1024),
        whenNull: "the whole of it",
      },
      key_vault: {
        ...name("Vault that holds the credential.", "ml-vault", 512),
        whenNull: "signs in by the factory's identity",
      },
      secret_name: {
        ...name("Name of the secret in that vault, never its value.", "erp-reader", 256),
        whenNull: "signs in by the factory's identity",
      },
      integration_runtime: {
        ...name("Runtime to read it through.", "ir-plant-lyon", 63),
        whenNull: "the runtime of the same location",
        references: "Integration_Runtimes",
      },
      description: { ...name("For people.", "Orders of the ERP", 1024), mayBeEmpty: true, whenNull: "none" },
    },
  },
  Models: {
    what: "Registered models that jobs share, with who answers for them.",
    key: "name",
    identity: ["name"],
    columns: {
      name: name("Three-level Unity Catalog name.", "ml.models.churn", 512),
      environment: {
        ...name("Environment whose metastore holds it.", "eastus", 12),
        whenNull: "the default environment",
        references: "Environments",
      },
      owner: {
        ...name("Who answers for it (user principal name).", "mei.tanaka@contoso.example", 256),
        whenNull: "nobody",
      },
      version: {
        type: "integer",
        what: "Version that online jobs serve.",
        example: 7,
        minimum: 1,
        whenNull: "the latest",
      },
      serving_size: { ...name("Size of the serving endpoint.", "Small", 64), defaultValue: "Small" },
      description: {
        ...name("For people.", "Who leaves next month", 1024),
        mayBeEmpty: true,
        whenNull: "none",
      },
    },
  },
} as const satisfies Readonly<Record<string, Table>>;
