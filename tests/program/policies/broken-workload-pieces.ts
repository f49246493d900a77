import { notReadable } from "../../../program/policies/read-props.ts";

import {
  type Cases,
  cluster,
  companions,
  duties,
  grant,
  inbound,
  level,
  linked,
  place,
  reference,
  resource,
  source,
  web,
  wrong,
} from "./sample-pieces.ts";

const sqlKinds = ["sql-server", "azure-sql"];

export const workloadCases: Readonly<Record<string, Cases>> = {
  "cluster-policy": {
    keeps: [cluster({ hasPolicy: true }), cluster({})],
    breaks: [{ piece: cluster({ hasPolicy: false }), message: /obeys no policy/, fix: /policyId/ }],
  },
  "cluster-machine": {
    keeps: ["Standard_D4ds_v5", "Standard_E16ds_v5", "Standard_NC4as_T4_v3", "Standard_DS3_v2"].map(
      (nodeType) => cluster({ nodeType }),
    ),
    breaks: ["Standard_M416ms_v2", "Standard_D96ds_v5", notReadable, ""].map((nodeType) => ({
      piece: cluster({ nodeType }),
      message: /is not a machine/,
      fix: /Standard_D4ds_v5/,
    })),
  },
  "cluster-runtime": {
    keeps: ["15.4.x-cpu-ml-scala2.12", "16.4.x-scala2.12", "16.4.x"].map((runtime) => cluster({ runtime })),
    breaks: ["15.0.x-scala2.12", "7.3.x-scala2.12", "16.4", notReadable, "latest"].map((runtime) => ({
      piece: cluster({ runtime }),
      message: /is not a runtime with long-term support/,
      fix: /16\.4\.x/,
    })),
  },
  "cluster-workers": {
    keeps: [cluster({ maxWorkers: 64 }), cluster({ maxWorkers: 0 })],
    breaks: [65, 1000, notReadable].map((maxWorkers) => ({
      piece: cluster({ maxWorkers }),
      message: /more than 64/,
      fix: /64 or less/,
    })),
  },
  "cluster-idle-time": {
    keeps: [
      cluster({ idleMinutes: 10 }),
      cluster({ idleMinutes: 60 }),
      cluster({ purpose: "job", idleMinutes: 0 }),
    ],
    breaks: [0, 9, 61, notReadable].map((idleMinutes) => ({
      piece: cluster({ idleMinutes }),
      message: /not after 10 to 60/,
      fix: /10 to 60 minutes/,
    })),
  },
  "cluster-isolation": {
    keeps: [cluster({ accessModes: ["SINGLE_USER", "USER_ISOLATION"], diskEncrypted: true })],
    breaks: [
      { piece: cluster({ accessModes: ["NONE"] }), message: /access mode is NONE/, fix: /SINGLE_USER/ },
      { piece: cluster({ accessModes: [notReadable] }), message: /not known/, fix: /SINGLE_USER/ },
      { piece: cluster({ diskEncrypted: false }), message: /not encrypted/, fix: /local disk/ },
      { piece: cluster({ diskEncrypted: notReadable }), message: /not encrypted/, fix: /local disk/ },
    ],
  },
  "cluster-spot": {
    keeps: [
      cluster({ availability: "SPOT_WITH_FALLBACK_AZURE" }),
      cluster({ availability: "ON_DEMAND_AZURE" }),
    ],
    breaks: [
      { piece: cluster({ availability: "SPOT_AZURE" }), message: /spare machines alone/, fix: /ON_DEMAND/ },
      { piece: cluster({ availability: notReadable }), message: /not known/, fix: /ON_DEMAND/ },
    ],
  },
  "init-scripts": {
    keeps: [cluster({ initScripts: ["/Volumes/ml/ops/scripts/setup.sh"] })],
    breaks: ["/Workspace/x.sh", "dbfs:/x.sh", "/Volumes/../x.sh", notReadable].map((script) => ({
      piece: cluster({ initScripts: [script] }),
      message: /starts with/,
      fix: /volume/,
    })),
  },
  "unity-privileges": {
    keeps: [
      grant("catalog", "USE_CATALOG", "BROWSE"),
      grant("schema", "SELECT", "USE_SCHEMA", "CREATE_TABLE"),
    ],
    breaks: [
      { piece: grant("catalog", "SELECT"), message: /SELECT on catalog ml/, fix: /schema or the model/ },
      { piece: grant("catalog", "USE CATALOG", "CREATE_SCHEMA"), message: /CREATE_SCHEMA/, fix: /schema/ },
      ...["ALL_PRIVILEGES", "all privileges", "MANAGE", "EXTERNAL_USE_SCHEMA", notReadable].map(
        (privilege) => ({
          piece: grant("schema", privilege),
          message: /may not be granted/,
          fix: /schema or the model/,
        }),
      ),
    ],
  },
  "management-level": {
    keeps: [
      level("CAN_MANAGE_RUN"),
      level("CAN_USE"),
      level("CAN_MANAGE", "service principal"),
      { kind: "membership", name: "ds_team", permissions: ["USER"] },
    ],
    breaks: [
      ...["CAN_MANAGE", "IS_OWNER", "CAN_MANAGE_PRODUCTION_VERSIONS", notReadable].map((word) => ({
        piece: level(word),
        message: /may not be given to people/,
        fix: /uses the object/,
      })),
      {
        piece: { kind: "membership", name: "ds_team", permissions: ["ADMIN"] },
        message: /ds_team may not be ADMIN/,
        fix: /USER/,
      },
    ],
  },
  "separate-duties": {
    keeps: [
      duties(true, "run_pipeline"),
      duties(true, "edit_pipeline"),
      duties(false, "edit_pipeline", "run_pipeline"),
    ],
    breaks: [
      {
        piece: duties(true, "edit_pipeline", "run_pipeline"),
        message: /data_eng would hold both/,
        fix: /another group.*subject "data_eng"/,
      },
    ],
  },
  "subnet-closed": {
    keeps: [
      resource("subnet"),
      resource("subnet", { delegated: true, privateEndpointNetworkPolicies: null }),
      inbound("VirtualNetwork", "10.20.0.0/16", "172.16.0.0/12"),
      inbound("AzureLoadBalancer"),
    ],
    breaks: [
      ...wrong("subnet", "defaultOutboundAccess", true),
      ...wrong("subnet", "privateEndpointNetworkPolicies", "Disabled"),
      {
        piece: resource("subnet", { networkSecurityGroup: null }),
        message: /networkSecurityGroup is not set/,
        fix: /must be set/,
      },
      ...["*", "0.0.0.0/0", "Internet", "203.0.113.7", "172.16.0.0/8", "10.0.0.0/7", "::/0", notReadable].map(
        (from) => ({
          piece: inbound("VirtualNetwork", from),
          message: /lets in/,
          fix: /VirtualNetwork or private ranges/,
        }),
      ),
    ],
  },
  diagnostics: {
    keeps: [companions("key vault", "diagnostic setting")],
    breaks: (["key vault", "storage account", "SQL server", "workspace", "factory"] as const).map((type) => ({
      piece: companions(type),
      message: /without: diagnostic setting/,
      fix: /DiagnosticSetting/,
    })),
  },
  "deletion-protection": {
    keeps: [place(true, true), place(false, false)],
    breaks: [{ piece: place(true, false), message: /deletion protection off/, fix: /production = false/ }],
  },
  "linked-service": {
    keeps: [
      linked({}),
      linked({ type: "AzureKeyVault", hasRuntime: false, encrypt: null }),
      linked({ type: "AzureBlobFS", encrypt: null }),
    ],
    breaks: [
      { piece: linked({ hasRuntime: false }), message: /public runtime/, fix: /connectVia/ },
      { piece: linked({ encrypt: null }), message: /insist on encryption/, fix: /mandatory/ },
      { piece: linked({ encrypt: "optional" }), message: /insist on encryption/, fix: /mandatory/ },
      { piece: linked({ trustsAnyCertificate: true }), message: /any certificate/, fix: /checked/ },
    ],
  },
  "web-activity": {
    keeps: [web({})],
    breaks: [
      ...[
        { url: "https://evil.example/api" },
        { url: "http://rowgate.contoso.example/api" },
        { url: "https://rowgate.contoso.example@evil.example/" },
        { url: "https://rowgate.contoso.example.evil.example/" },
        { url: "@pipeline().parameters.url" },
        { url: notReadable },
        { serviceUrl: null },
      ].map((change) => ({
        piece: web(change),
        message: /which is not this service/,
        fix: /service_url/,
      })),
      { piece: web({ hidesInput: false }), message: /does not hide/, fix: /secureInput/ },
      { piece: web({ hidesOutput: false }), message: /does not hide/, fix: /secureOutput/ },
    ],
  },
  "source-address": {
    keeps: [
      source("https://api.contoso.example"),
      ...sqlKinds.flatMap((kind) =>
        ["sql01.lyon.contoso.example", "sql01\\erp_2", "sql01,1433", "10.1.2.3\\erp,1433"].map((host) =>
          source(host, kind),
        ),
      ),
      source(null),
    ],
    breaks: [
      { piece: source("http://api.contoso.example"), message: /by http, not by https/, fix: /https:\/\// },
      { piece: source("ftp://files.contoso.example"), message: /by ftp/, fix: /https:\/\// },
      { piece: source("@{evil}.example"), message: /not one plain address/, fix: /host alone/ },
      ...sqlKinds.flatMap((kind) =>
        [
          "https://sql01",
          "sql01;TrustServerCertificate=true",
          "sql01;Encrypt=no",
          "tcp:sql01",
          "sql01,port",
          "sql01 ",
          "@{evil}",
          "",
        ].map((host) => ({
          piece: source(host, kind),
          message: /in place of a server's name/,
          fix: /host alone/,
        })),
      ),
    ],
  },
  "own-environment": {
    keeps: [reference(true)],
    breaks: [
      {
        piece: reference(false),
        message: /"other-vault" is not a key vault of environment eastus/,
        fix: /Use "ml-vault"/,
      },
    ],
  },
  "tags-present": {
    keeps: [{ kind: "tags", name: "vault", tags: ["environment", "managed_by", "owner"] }],
    breaks: [
      { piece: { kind: "tags", name: "vault", tags: ["owner"] }, message: /no tag environment/, fix: /tags/ },
    ],
  },
};
