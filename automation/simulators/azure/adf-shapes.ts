/**
 * What each type of activity, linked service, dataset and trigger takes in `typeProperties`, as the SDK's
 * declarations have it. A type that isn't here is not simulated, and refused.
 */
export interface TypeShape {
  readonly needs: readonly string[];
  readonly takes: readonly string[];
}

const shape = (needs: string, takes = ""): TypeShape => ({ needs: words(needs), takes: words(takes) });
const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

export const activityShapes: Readonly<Record<string, TypeShape>> = {
  Lookup: shape("dataset source", "firstRowOnly treatDecimalAsString"),
  WebActivity: shape(
    "method url",
    "authentication body connectVia datasets disableCertValidation headers httpRequestTimeout linkedServices turnOffAsync",
  ),
  WebHook: shape("method url", "authentication body headers reportStatusOnCallBack timeout"),
  DatabricksJob: shape("jobId", "jobParameters"),
  DatabricksNotebook: shape("notebookPath", "baseParameters libraries"),
  IfCondition: shape("expression", "ifFalseActivities ifTrueActivities"),
  ForEach: shape("activities items", "batchCount isSequential"),
  Until: shape("activities expression", "timeout"),
  Switch: shape("on", "cases defaultActivities"),
  Fail: shape("errorCode message"),
  SetVariable: shape("", "setSystemVariable value variableName"),
  AppendVariable: shape("", "value variableName"),
  ExecutePipeline: shape("pipeline", "parameters waitOnCompletion"),
  Wait: shape("waitTimeInSeconds"),
  Filter: shape("condition items"),
  Copy: shape(
    "sink source",
    "dataIntegrationUnits enableSkipIncompatibleRow enableStaging logSettings logStorageSettings parallelCopies preserve preserveRules redirectIncompatibleRowSettings skipErrorFile stagingSettings translator validateDataConsistency",
  ),
  SqlServerStoredProcedure: shape("storedProcedureName", "storedProcedureParameters"),
  GetMetadata: shape("dataset", "fieldList formatSettings storeSettings"),
  Delete: shape(
    "dataset",
    "enableLogging logStorageSettings maxConcurrentConnections recursive storeSettings",
  ),
};

/** Activities that reach something through a linked service of their own. */
export const needsLinkedService: readonly string[] = [
  "DatabricksJob",
  "DatabricksNotebook",
  "SqlServerStoredProcedure",
];

const sqlOptions =
  "alwaysEncryptedSettings applicationIntent authenticationType commandTimeout connectRetryCount connectRetryInterval connectTimeout connectionString credential database encrypt encryptedCredential failoverPartner hostNameInCertificate integratedSecurity loadBalanceTimeout maxPoolSize minPoolSize multiSubnetFailover multipleActiveResultSets packetSize password pooling server trustServerCertificate userName";
const spOptions =
  "servicePrincipalCredential servicePrincipalCredentialType servicePrincipalId servicePrincipalKey tenant";

export const linkedServiceShapes: Readonly<Record<string, TypeShape>> = {
  AzureSqlDatabase: shape("", `${sqlOptions} ${spOptions} azureCloudType`),
  SqlServer: shape("", sqlOptions),
  AzureDatabricks: shape(
    "domain",
    "accessToken authentication credential dataSecurityMode encryptedCredential existingClusterId instancePoolId newClusterCustomTags newClusterDriverNodeType newClusterEnableElasticDisk newClusterInitScripts newClusterLogDestination newClusterNodeType newClusterNumOfWorker newClusterSparkConf newClusterSparkEnvVars newClusterVersion policyId workspaceResourceId",
  ),
  AzureKeyVault: shape("baseUrl", "credential"),
  AzureBlobFS: shape(
    "",
    `accountKey azureCloudType credential encryptedCredential sasToken sasUri ${spOptions} url`,
  ),
  AzureBlobStorage: shape(
    "",
    "accountKey accountKind authenticationType azureCloudType connectionString containerUri credential encryptedCredential sasToken sasUri serviceEndpoint servicePrincipalId servicePrincipalKey tenant",
  ),
  Oracle: shape(
    "",
    "authenticationType connectionString cryptoChecksumClient cryptoChecksumTypesClient enableBulkLoad encryptedCredential encryptionClient encryptionTypesClient fetchSize fetchTswtzAsTimestamp initialLobFetchSize initializationString password server statementCacheSize supportV1DataTypes username",
  ),
  Sftp: shape(
    "host",
    "authenticationType encryptedCredential hostKeyFingerprint passPhrase password port privateKeyContent privateKeyPath skipHostKeyValidation userName",
  ),
  RestService: shape(
    "authenticationType url",
    `aadResourceId authHeaders azureCloudType clientId clientSecret credential enableServerCertificateValidation encryptedCredential password resource scope servicePrincipalEmbeddedCert servicePrincipalEmbeddedCertPassword tokenEndpoint userName ${spOptions}`,
  ),
  HttpServer: shape(
    "url",
    "authHeaders authenticationType certThumbprint embeddedCertData enableServerCertificateValidation encryptedCredential password userName",
  ),
  FileServer: shape("host", "encryptedCredential password userId"),
  SalesforceV2: shape(
    "",
    "apiVersion authenticationType clientId clientSecret encryptedCredential environmentUrl",
  ),
};

export const datasetShapes: Readonly<Record<string, TypeShape>> = {
  AzureSqlTable: shape("", "table tableName schema"),
  SqlServerTable: shape("", "table tableName schema"),
  OracleTable: shape("", "table tableName schema"),
  Parquet: shape("location", "compressionCodec"),
  DelimitedText: shape(
    "location",
    "columnDelimiter compressionCodec compressionLevel encodingName escapeChar firstRowAsHeader nullValue quoteChar rowDelimiter",
  ),
  Json: shape("location", "compression encodingName"),
  Binary: shape("location", "compression"),
  SalesforceV2Object: shape("", "objectApiName reportId"),
  RestResource: shape("", "additionalHeaders paginationRules relativeUrl requestBody requestMethod"),
};

export const triggerShapes: Readonly<Record<string, TypeShape>> = {
  ScheduleTrigger: shape("recurrence"),
  TumblingWindowTrigger: shape(
    "frequency interval maxConcurrency startTime",
    "delay dependsOn endTime retryPolicy",
  ),
  BlobEventsTrigger: shape("events scope", "blobPathBeginsWith blobPathEndsWith ignoreEmptyBlobs"),
};
