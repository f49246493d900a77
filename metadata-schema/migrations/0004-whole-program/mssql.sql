-- The whole program, for Azure SQL and SQL Server. The SQLite twin beside it says what each table and column is for;
-- here is what differs.
CREATE SEQUENCE Exception_Ids AS int START WITH 1;
GO

-- ---------------------------------------------------------------- metadata, written by people
ALTER TABLE Environments ADD production bit NOT NULL CONSTRAINT Environments_production_default DEFAULT 1;
ALTER TABLE Environments ADD deletion_protection bit NOT NULL CONSTRAINT Environments_deletion_protection_default DEFAULT 1;
ALTER TABLE Environments ADD existing_resources nvarchar(max) NOT NULL CONSTRAINT Environments_existing_resources_default DEFAULT N'{}'
    CONSTRAINT [Environments.existing_resources must be JSON] CHECK (ISJSON(existing_resources) = 1);
ALTER TABLE Environments ADD databricks_account_id nvarchar(36) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Environments.databricks_account_id must be a GUID of 36 characters] CHECK (LEN(databricks_account_id) = 36);
ALTER TABLE Environments ADD service_url nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Environments.service_url must be 1 to 256 characters] CHECK (LEN(service_url) >= 1);
ALTER TABLE Environments ADD alert_emails nvarchar(max) NOT NULL CONSTRAINT Environments_alert_emails_default DEFAULT N'[]'
    CONSTRAINT [Environments.alert_emails must be JSON] CHECK (ISJSON(alert_emails) = 1);
ALTER TABLE Jobs ADD federation_issuer nvarchar(512) COLLATE Latin1_General_100_BIN2 NULL;
ALTER TABLE Jobs ADD federation_subject nvarchar(512) COLLATE Latin1_General_100_BIN2 NULL;
ALTER TABLE Cluster_Configs ADD auto_termination_minutes int NOT NULL CONSTRAINT Cluster_Configs_auto_termination_minutes_default DEFAULT 30
    CONSTRAINT [Cluster_Configs.auto_termination_minutes must be 0 or more] CHECK (auto_termination_minutes BETWEEN 0 AND 2147483647);
ALTER TABLE Cluster_Configs ADD spot bit NOT NULL CONSTRAINT Cluster_Configs_spot_default DEFAULT 1;
GO

-- Guardrails that are set aside for one value of a job, until an instant, with the reason.
CREATE TABLE Guardrail_Exceptions (
  exception_id int NOT NULL CONSTRAINT Guardrail_Exceptions_exception_id_default DEFAULT (NEXT VALUE FOR Exception_Ids) CONSTRAINT Guardrail_Exceptions_key PRIMARY KEY,
  job_id int NOT NULL
    CONSTRAINT [Guardrail_Exceptions.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  guardrail nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Guardrail_Exceptions.guardrail must be 1 to 64 characters] CHECK (LEN(guardrail) >= 1),
  subject nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Guardrail_Exceptions.subject must be 1 to 512 characters] CHECK (LEN(subject) >= 1),
  reason nvarchar(1024) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Guardrail_Exceptions.reason must be 1 to 1024 characters] CHECK (LEN(reason) >= 1),
  expires_at nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Guardrail_Exceptions.expires_at must be 1 to 64 characters] CHECK (LEN(expires_at) >= 1)
);
CREATE INDEX Guardrail_Exceptions_job ON Guardrail_Exceptions (job_id);
CREATE INDEX Integration_Runtimes_default ON Integration_Runtimes (name) WHERE environment IS NULL;
GO

-- ---------------------------------------------------------------- change capture
CREATE TRIGGER Guardrail_Exceptions_touch ON Guardrail_Exceptions AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
DROP TRIGGER Integration_Runtimes_touch;
GO
CREATE TRIGGER Integration_Runtimes_touch ON Integration_Runtimes AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @edited TABLE (name nvarchar(63) COLLATE Latin1_General_100_BIN2 NOT NULL, location nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL, environment nvarchar(12) COLLATE Latin1_General_100_BIN2 NULL);
  INSERT INTO @edited (name, location, environment)
    SELECT name, location, environment FROM inserted UNION SELECT name, location, environment FROM deleted;
  DECLARE @names TABLE (name nvarchar(12) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY);
  INSERT INTO @names (name)
    SELECT environment FROM @edited WHERE environment IS NOT NULL
    UNION
    SELECT name FROM Environments WHERE is_default = 1 AND EXISTS (SELECT 1 FROM @edited WHERE environment IS NULL);
  INSERT INTO Environment_Changes (environment) SELECT name FROM @names;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id)
    SELECT job_id FROM Pipeline_Settings WHERE integration_runtime IN (SELECT name FROM @edited)
    UNION
    SELECT p.job_id FROM Data_Sources AS s JOIN Pipeline_Settings AS p ON p.data_source = s.name
    WHERE s.integration_runtime IN (SELECT name FROM @edited)
      OR (s.integration_runtime IS NULL AND s.location IN (SELECT location FROM @edited));
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO

-- ---------------------------------------------------------------- audit log
-- Events hold every column, so the triggers of tables that got columns are made anew.
DROP TRIGGER Environments_audit;
GO
CREATE TRIGGER Environments_audit ON Environments AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.name IS NULL THEN 'insert' WHEN i.name IS NULL THEN 'delete' ELSE 'update' END,
    'Environments', COALESCE(i.name, d.name),
    CASE WHEN d.name IS NOT NULL THEN
      N'{"own_group_members":' + d.own_group_members + N',"existing_resources":' + d.existing_resources +
      N',"alert_emails":' + d.alert_emails + N',' + STUFF((
      SELECT d.name, d.is_default, d.production, d.deletion_protection, d.location, d.subscription_id, d.tenant_id, d.resource_group,
      d.address_space, d.key_vault_id, d.catalog_name, d.schema_name, d.default_node_type,
      d.default_spark_version, d.service_address, d.own_group, d.databricks_account_id, d.service_url FOR JSON
      PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END,
    CASE WHEN i.name IS NOT NULL THEN
      N'{"own_group_members":' + i.own_group_members + N',"existing_resources":' + i.existing_resources +
      N',"alert_emails":' + i.alert_emails + N',' + STUFF((
      SELECT i.name, i.is_default, i.production, i.deletion_protection, i.location, i.subscription_id, i.tenant_id, i.resource_group,
      i.address_space, i.key_vault_id, i.catalog_name, i.schema_name, i.default_node_type,
      i.default_spark_version, i.service_address, i.own_group, i.databricks_account_id, i.service_url FOR JSON
      PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.name = i.name CROSS JOIN Audit_Actor AS a;
END
GO
DROP TRIGGER Jobs_audit;
GO
CREATE TRIGGER Jobs_audit ON Jobs AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.job_id IS NULL THEN 'insert' WHEN i.job_id IS NULL THEN 'delete' ELSE 'update' END,
    'Jobs', CAST(COALESCE(i.job_id, d.job_id) AS nvarchar(12)),
    CASE WHEN d.job_id IS NOT NULL THEN
      (SELECT d.job_id, d.name, d.environment, d.kind, d.priority, d.enabled, d.owner, d.schedule,
      d.schedule_time_zone, d.model, d.task_path, d.federation_issuer, d.federation_subject FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.job_id IS NOT NULL THEN
      (SELECT i.job_id, i.name, i.environment, i.kind, i.priority, i.enabled, i.owner, i.schedule,
      i.schedule_time_zone, i.model, i.task_path, i.federation_issuer, i.federation_subject FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.job_id = i.job_id CROSS JOIN Audit_Actor AS a;
END
GO
DROP TRIGGER Cluster_Configs_audit;
GO
CREATE TRIGGER Cluster_Configs_audit ON Cluster_Configs AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.config_id IS NULL THEN 'insert' WHEN i.config_id IS NULL THEN 'delete' ELSE 'update' END,
    'Cluster_Configs', CAST(COALESCE(i.config_id, d.config_id) AS nvarchar(12)),
    CASE WHEN d.config_id IS NOT NULL THEN
      (SELECT d.config_id, d.job_id, d.node_type, d.spark_version, d.min_workers, d.max_workers,
      d.auto_termination_minutes, d.spot FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.config_id IS NOT NULL THEN
      (SELECT i.config_id, i.job_id, i.node_type, i.spark_version, i.min_workers, i.max_workers,
      i.auto_termination_minutes, i.spot FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.config_id = i.config_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Guardrail_Exceptions_audit ON Guardrail_Exceptions AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.exception_id IS NULL THEN 'insert' WHEN i.exception_id IS NULL THEN 'delete' ELSE 'update' END,
    'Guardrail_Exceptions', CAST(COALESCE(i.exception_id, d.exception_id) AS nvarchar(12)),
    CASE WHEN d.exception_id IS NOT NULL THEN
      (SELECT d.exception_id, d.job_id, d.guardrail, d.subject, d.reason, d.expires_at FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.exception_id IS NOT NULL THEN
      (SELECT i.exception_id, i.job_id, i.guardrail, i.subject, i.reason, i.expires_at FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.exception_id = i.exception_id CROSS JOIN Audit_Actor AS a;
END
GO

-- ---------------------------------------------------------------- the service's own
CREATE TABLE Probe_Results (
  number bigint IDENTITY(1, 1) NOT NULL CONSTRAINT Probe_Results_key PRIMARY KEY,
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  endpoint nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
  at datetime2(3) NOT NULL,
  run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  failed_layer nvarchar(32) COLLATE Latin1_General_100_BIN2 NULL,
  reason nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
  message nvarchar(max) NULL,
  layers nvarchar(max) NOT NULL CHECK (ISJSON(layers) = 1),
  is_latest bit NOT NULL
);
CREATE UNIQUE INDEX Probe_Results_latest ON Probe_Results (stack, endpoint) WHERE is_latest = 1;
CREATE INDEX Probe_Results_stack ON Probe_Results (stack, number);
CREATE INDEX Probe_Results_endpoint ON Probe_Results (endpoint, number);
CREATE INDEX Probe_Results_old ON Probe_Results (at, number) WHERE is_latest = 0;

CREATE TABLE Alert_Events (
  number bigint IDENTITY(1, 1) NOT NULL CONSTRAINT Alert_Events_key PRIMARY KEY,
  alert_id nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Alert_Events_alert_id UNIQUE,
  rule_id nvarchar(512) NOT NULL,
  job_id int NULL,
  metric nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL,
  severity int NOT NULL,
  state nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL CHECK (state IN ('Fired', 'Resolved')),
  fired_at datetime2(3) NOT NULL,
  resolved_at datetime2(3) NULL,
  description nvarchar(max) NULL,
  essentials nvarchar(max) NOT NULL CHECK (ISJSON(essentials) = 1),
  changed_at datetime2(3) NOT NULL
);
CREATE INDEX Alert_Events_job ON Alert_Events (job_id, number);
CREATE INDEX Alert_Events_state ON Alert_Events (state, number);
CREATE INDEX Alert_Events_changed ON Alert_Events (changed_at, number);
GO

-- ---------------------------------------------------------------- database roles
GRANT SELECT, INSERT, UPDATE, DELETE ON Guardrail_Exceptions TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Guardrail_Exceptions TO rowgate_service;
GRANT SELECT ON Guardrail_Exceptions TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Probe_Results TO rowgate_service;
GRANT SELECT ON Probe_Results TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Alert_Events TO rowgate_service;
GRANT SELECT ON Alert_Events TO rowgate_auditor;
GRANT UPDATE ON Exception_Ids TO rowgate_service;
GRANT UPDATE ON Exception_Ids TO rowgate_editor;
GO

-- ---------------------------------------------------------------- what the columns mean
DECLARE @schema sysname = SCHEMA_NAME();
EXEC sp_addextendedproperty N'MS_Description', N'Guardrails that are set aside for one value of a job, until an instant, with the reason.', N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions';
EXEC sp_addextendedproperty N'MS_Description', N'false: a place to try things; guardrails that only production needs do not apply. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'production';
EXEC sp_addextendedproperty N'MS_Description', N'Its network, vault, lake, databases, workspace, logs and identities cannot be deleted or replaced while true. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'deletion_protection';
EXEC sp_addextendedproperty N'MS_Description', N'ARM ids of resources that exist already, by what they are; all others are made. E.g. {"virtual_network":"/subscriptions/0c558b56-a63f-5061-9918-1ef05ef55d67/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/vnet-hub"}',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'existing_resources';
EXEC sp_addextendedproperty N'MS_Description', N'Databricks account (GUID) in which a rule set says who may run jobs as a job''s service principal. NULL: no rule set is made for jobs'' identities. E.g. 6f1d2a90-53c4-5b8e-9a77-2d40c1e8b3f6',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'databricks_account_id';
EXEC sp_addextendedproperty N'MS_Description', N'Base URL (https) at which pipelines and alerts reach this service. NULL: pipelines and alerts do not call back. E.g. https://rowgate.contoso.example',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'service_url';
EXEC sp_addextendedproperty N'MS_Description', N'Addresses that the action group mails. E.g. ["ml-oncall@contoso.example"]',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'alert_emails';
EXEC sp_addextendedproperty N'MS_Description', N'OIDC issuer whose tokens may sign in as the job''s identity (CI without a secret); with federation_subject. NULL: nobody else signs in as it. E.g. https://token.actions.githubusercontent.com',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'federation_issuer';
EXEC sp_addextendedproperty N'MS_Description', N'Subject of that issuer''s tokens. NULL: nobody else signs in as it. E.g. repo:contoso/churn:ref:refs/heads/main',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'federation_subject';
EXEC sp_addextendedproperty N'MS_Description', N'Minutes without use after which an interactive cluster under the job''s policy ends. E.g. 30',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'auto_termination_minutes';
EXEC sp_addextendedproperty N'MS_Description', N'Workers may be spot machines; never for urgent jobs. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'spot';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions', N'COLUMN', N'exception_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Id of the guardrail that is set aside. E.g. range-width',
  N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions', N'COLUMN', N'guardrail';
EXEC sp_addextendedproperty N'MS_Description', N'The exact value that is excepted, as the refusal names it. E.g. 203.0.0.0/20',
  N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions', N'COLUMN', N'subject';
EXEC sp_addextendedproperty N'MS_Description', N'Why, for whoever reads it later. E.g. Range of the partner''s office until it moves',
  N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions', N'COLUMN', N'reason';
EXEC sp_addextendedproperty N'MS_Description', N'Instant (ISO 8601 with a zone) from which the guardrail counts again. E.g. 2026-12-31T00:00:00Z',
  N'SCHEMA', @schema, N'TABLE', N'Guardrail_Exceptions', N'COLUMN', N'expires_at';
GO
