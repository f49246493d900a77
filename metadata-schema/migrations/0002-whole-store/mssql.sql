-- The whole store, for Azure SQL and SQL Server; the twin of sqlite.sql, whose comments hold here too.
CREATE SEQUENCE Setting_Ids AS int START WITH 1;
CREATE SEQUENCE Alert_Ids AS int START WITH 1;
GO

-- ---------------------------------------------------------------- metadata, written by people
-- Data Factory runtimes that copy data: in the managed network, or on a site of yours.
CREATE TABLE Integration_Runtimes (
  name nvarchar(63) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Integration_Runtimes_key PRIMARY KEY
    CONSTRAINT [Integration_Runtimes.name must be 1 to 63 characters] CHECK (LEN(name) >= 1),
  environment nvarchar(12) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Integration_Runtimes.environment names an environment that does not exist]
    REFERENCES Environments (name)
    CONSTRAINT [Integration_Runtimes.environment must be 1 to 12 characters] CHECK (LEN(environment) >= 1),
  kind nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Integration_Runtimes.kind must be 1 to 64 characters] CHECK (LEN(kind) >= 1),
  location nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Integration_Runtimes.location must be 1 to 128 characters] CHECK (LEN(location) >= 1),
  core_count int NULL
    CONSTRAINT [Integration_Runtimes.core_count must be 1 or more] CHECK (core_count BETWEEN 1 AND 2147483647),
  time_to_live_minutes int NOT NULL CONSTRAINT Integration_Runtimes_time_to_live_minutes_default DEFAULT 10
    CONSTRAINT [Integration_Runtimes.time_to_live_minutes must be 0 or more] CHECK (time_to_live_minutes BETWEEN 0 AND 2147483647),
  enabled bit NOT NULL CONSTRAINT Integration_Runtimes_enabled_default DEFAULT 1,
  description nvarchar(1024) COLLATE Latin1_General_100_BIN2 NULL
);
GO

-- Where jobs read from. Credentials are references to a key vault, never values.
CREATE TABLE Data_Sources (
  name nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Data_Sources_key PRIMARY KEY
    CONSTRAINT [Data_Sources.name must be 1 to 128 characters] CHECK (LEN(name) >= 1),
  kind nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Data_Sources.kind must be 1 to 64 characters] CHECK (LEN(kind) >= 1),
  location nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Data_Sources.location must be 1 to 128 characters] CHECK (LEN(location) >= 1),
  host nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Data_Sources.host must be 1 to 256 characters] CHECK (LEN(host) >= 1),
  database_name nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Data_Sources.database_name must be 1 to 128 characters] CHECK (LEN(database_name) >= 1),
  path nvarchar(1024) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Data_Sources.path must be 1 to 1024 characters] CHECK (LEN(path) >= 1),
  key_vault nvarchar(512) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Data_Sources.key_vault must be 1 to 512 characters] CHECK (LEN(key_vault) >= 1),
  secret_name nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Data_Sources.secret_name must be 1 to 256 characters] CHECK (LEN(secret_name) >= 1),
  integration_runtime nvarchar(63) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Data_Sources.integration_runtime names a runtime that does not exist]
    REFERENCES Integration_Runtimes (name)
    CONSTRAINT [Data_Sources.integration_runtime must be 1 to 63 characters] CHECK (LEN(integration_runtime) >= 1),
  description nvarchar(1024) COLLATE Latin1_General_100_BIN2 NULL
);
GO

-- Registered models that jobs share, with who answers for them.
CREATE TABLE Models (
  name nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Models_key PRIMARY KEY NONCLUSTERED
    CONSTRAINT [Models.name must be 1 to 512 characters] CHECK (LEN(name) >= 1),
  environment nvarchar(12) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Models.environment names an environment that does not exist]
    REFERENCES Environments (name)
    CONSTRAINT [Models.environment must be 1 to 12 characters] CHECK (LEN(environment) >= 1),
  owner nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Models.owner must be 1 to 256 characters] CHECK (LEN(owner) >= 1),
  version int NULL
    CONSTRAINT [Models.version must be 1 or more] CHECK (version BETWEEN 1 AND 2147483647),
  serving_size nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Models_serving_size_default DEFAULT N'Small'
    CONSTRAINT [Models.serving_size must be 1 to 64 characters] CHECK (LEN(serving_size) >= 1),
  description nvarchar(1024) COLLATE Latin1_General_100_BIN2 NULL
);
GO

-- The Data Factory pipeline of a job. At most one row a job.
CREATE TABLE Pipeline_Settings (
  setting_id int NOT NULL CONSTRAINT Pipeline_Settings_setting_id_default DEFAULT (NEXT VALUE FOR Setting_Ids) CONSTRAINT Pipeline_Settings_key PRIMARY KEY,
  job_id int NOT NULL CONSTRAINT Pipeline_Settings_job_id UNIQUE
    CONSTRAINT [Pipeline_Settings.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  data_source nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Pipeline_Settings.data_source names a data source that does not exist]
    REFERENCES Data_Sources (name),
  integration_runtime nvarchar(63) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Pipeline_Settings.integration_runtime names a runtime that does not exist]
    REFERENCES Integration_Runtimes (name),
  sink_path nvarchar(1024) COLLATE Latin1_General_100_BIN2 NULL,
  concurrency int NOT NULL CONSTRAINT Pipeline_Settings_concurrency_default DEFAULT 1
    CONSTRAINT [Pipeline_Settings.concurrency must be 1 or more] CHECK (concurrency BETWEEN 1 AND 2147483647),
  timeout_minutes int NOT NULL CONSTRAINT Pipeline_Settings_timeout_minutes_default DEFAULT 120
    CONSTRAINT [Pipeline_Settings.timeout_minutes must be 1 or more] CHECK (timeout_minutes BETWEEN 1 AND 2147483647),
  retry_count int NOT NULL CONSTRAINT Pipeline_Settings_retry_count_default DEFAULT 2
    CONSTRAINT [Pipeline_Settings.retry_count must be 0 or more] CHECK (retry_count BETWEEN 0 AND 2147483647),
  retry_interval_seconds int NOT NULL CONSTRAINT Pipeline_Settings_retry_interval_seconds_default DEFAULT 60
    CONSTRAINT [Pipeline_Settings.retry_interval_seconds must be 1 or more] CHECK (retry_interval_seconds BETWEEN 1 AND 2147483647),
  parameters nvarchar(max) NOT NULL CONSTRAINT Pipeline_Settings_parameters_default DEFAULT N'{}'
    CONSTRAINT [Pipeline_Settings.parameters must be JSON] CHECK (ISJSON(parameters) = 1),
  enabled bit NOT NULL CONSTRAINT Pipeline_Settings_enabled_default DEFAULT 1
);
GO

-- When somebody is told about a job.
CREATE TABLE Alert_Rules (
  alert_id int NOT NULL CONSTRAINT Alert_Rules_alert_id_default DEFAULT (NEXT VALUE FOR Alert_Ids) CONSTRAINT Alert_Rules_key PRIMARY KEY,
  job_id int NOT NULL
    CONSTRAINT [Alert_Rules.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  metric nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Alert_Rules.metric must be 1 to 64 characters] CHECK (LEN(metric) >= 1),
  operator nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Alert_Rules_operator_default DEFAULT N'LessThan'
    CONSTRAINT [Alert_Rules.operator must be 1 to 32 characters] CHECK (LEN(operator) >= 1),
  threshold float NOT NULL,
  window_minutes int NOT NULL CONSTRAINT Alert_Rules_window_minutes_default DEFAULT 60
    CONSTRAINT [Alert_Rules.window_minutes must be 1 or more] CHECK (window_minutes BETWEEN 1 AND 2147483647),
  frequency_minutes int NOT NULL CONSTRAINT Alert_Rules_frequency_minutes_default DEFAULT 15
    CONSTRAINT [Alert_Rules.frequency_minutes must be 1 or more] CHECK (frequency_minutes BETWEEN 1 AND 2147483647),
  severity int NOT NULL CONSTRAINT Alert_Rules_severity_default DEFAULT 2
    CONSTRAINT [Alert_Rules.severity must be 0 to 4] CHECK (severity BETWEEN 0 AND 4),
  missing_data nvarchar(32) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Alert_Rules_missing_data_default DEFAULT N'alert'
    CONSTRAINT [Alert_Rules.missing_data must be 1 to 32 characters] CHECK (LEN(missing_data) >= 1),
  enabled bit NOT NULL CONSTRAINT Alert_Rules_enabled_default DEFAULT 1
);
GO

CREATE INDEX Integration_Runtimes_environment ON Integration_Runtimes (environment) WHERE environment IS NOT NULL;
CREATE INDEX Models_environment ON Models (environment) WHERE environment IS NOT NULL;
CREATE INDEX Data_Sources_runtime ON Data_Sources (integration_runtime) WHERE integration_runtime IS NOT NULL;
CREATE INDEX Data_Sources_location ON Data_Sources (location);
CREATE INDEX Pipeline_Settings_source ON Pipeline_Settings (data_source) WHERE data_source IS NOT NULL;
CREATE INDEX Pipeline_Settings_runtime ON Pipeline_Settings (integration_runtime) WHERE integration_runtime IS NOT NULL;
CREATE INDEX Alert_Rules_job ON Alert_Rules (job_id);
CREATE INDEX Jobs_model ON Jobs (model) WHERE model IS NOT NULL;
CREATE INDEX Access_Policies_model ON Access_Policies (model) WHERE model IS NOT NULL;
GO

-- ---------------------------------------------------------------- change capture of the new tables
CREATE TRIGGER Data_Sources_touch ON Data_Sources AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM Pipeline_Settings
    WHERE data_source IN (SELECT name FROM inserted UNION SELECT name FROM deleted);
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
CREATE TRIGGER Integration_Runtimes_touch ON Integration_Runtimes AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @edited TABLE (name nvarchar(63) COLLATE Latin1_General_100_BIN2 NOT NULL, location nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL);
  INSERT INTO @edited (name, location) SELECT name, location FROM inserted UNION SELECT name, location FROM deleted;
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
CREATE TRIGGER Models_touch ON Models AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @edited TABLE (name nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL, job_id int NULL);
  INSERT INTO @edited (name, job_id)
    -- the number behind the last .job_
    SELECT name, CASE WHEN name LIKE '%.job[_]%' THEN TRY_CAST(RIGHT(name, CHARINDEX('_boj.', REVERSE(name)) - 1) AS int) END
    FROM (SELECT name FROM inserted UNION SELECT name FROM deleted) AS names;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id)
    SELECT job_id FROM Jobs WHERE model IN (SELECT name FROM @edited)
    UNION
    SELECT job_id FROM Access_Policies WHERE model IN (SELECT name FROM @edited)
    UNION
    SELECT j.job_id FROM Jobs AS j JOIN @edited AS e ON e.job_id = j.job_id
    WHERE j.model IS NULL AND RIGHT(e.name, LEN(CAST(j.job_id AS nvarchar(12))) + 5) = '.job_' + CAST(j.job_id AS nvarchar(12));
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
CREATE TRIGGER Pipeline_Settings_touch ON Pipeline_Settings AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
CREATE TRIGGER Alert_Rules_touch ON Alert_Rules AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO

-- ---------------------------------------------------------------- audit log
CREATE TABLE Audit_Logs (
  event_id bigint IDENTITY(1, 1) NOT NULL CONSTRAINT Audit_Logs_key PRIMARY KEY,
  at datetime2(3) NOT NULL CONSTRAINT Audit_Logs_at_default DEFAULT SYSUTCDATETIME(),
  actor nvarchar(256) NOT NULL,                       -- who: a person, the service, or the login that edited in SQL
  actor_kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,            -- person, service or login
  action nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,                -- insert, update or delete
  table_name nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  row_key nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL,
  before_values nvarchar(max) NULL CHECK (ISJSON(before_values) = 1),
  after_values nvarchar(max) NULL CHECK (ISJSON(after_values) = 1)
);
CREATE INDEX Audit_Logs_row ON Audit_Logs (table_name, row_key, event_id);

-- Logins that the service runs under: only theirs is the word trusted of who a person is (SESSION_CONTEXT).
CREATE TABLE Service_Logins (
  login nvarchar(256) NOT NULL CONSTRAINT Service_Logins_key PRIMARY KEY
);
GO
CREATE TRIGGER Audit_Logs_refuse ON Audit_Logs INSTEAD OF UPDATE, DELETE AS
  THROW 51000, N'Audit_Logs is append-only: an event cannot be changed or deleted', 1;
GO
CREATE VIEW Audit_Actor AS
  SELECT CASE WHEN t.is_service = 1 AND SESSION_CONTEXT(N'rowgate_actor') IS NOT NULL
      THEN CAST(SESSION_CONTEXT(N'rowgate_actor') AS nvarchar(256)) ELSE CAST(ORIGINAL_LOGIN() AS nvarchar(256)) END AS actor,
    CASE WHEN t.is_service = 1 AND SESSION_CONTEXT(N'rowgate_actor') IS NOT NULL
      THEN CAST(SESSION_CONTEXT(N'rowgate_actor_kind') AS nvarchar(16)) ELSE N'login' END AS actor_kind
  FROM (SELECT CASE WHEN EXISTS (SELECT 1 FROM Service_Logins WHERE login = ORIGINAL_LOGIN()) THEN 1 ELSE 0 END AS is_service) AS t;
GO
-- Lists and objects go into an event as the row has them: their text, in front of the other columns.
CREATE TRIGGER Environments_audit ON Environments AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.name IS NULL THEN 'insert' WHEN i.name IS NULL THEN 'delete' ELSE 'update' END,
    'Environments', COALESCE(i.name, d.name),
    CASE WHEN d.name IS NOT NULL THEN
      N'{"own_group_members":' + d.own_group_members + N',' + STUFF((
      SELECT d.name, d.is_default, d.location, d.subscription_id, d.tenant_id, d.resource_group,
      d.address_space, d.key_vault_id, d.catalog_name, d.schema_name, d.default_node_type,
      d.default_spark_version, d.service_address, d.own_group FOR JSON PATH, INCLUDE_NULL_VALUES,
      WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END,
    CASE WHEN i.name IS NOT NULL THEN
      N'{"own_group_members":' + i.own_group_members + N',' + STUFF((
      SELECT i.name, i.is_default, i.location, i.subscription_id, i.tenant_id, i.resource_group,
      i.address_space, i.key_vault_id, i.catalog_name, i.schema_name, i.default_node_type,
      i.default_spark_version, i.service_address, i.own_group FOR JSON PATH, INCLUDE_NULL_VALUES,
      WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.name = i.name CROSS JOIN Audit_Actor AS a;
END
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
      d.schedule_time_zone, d.model, d.task_path FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.job_id IS NOT NULL THEN
      (SELECT i.job_id, i.name, i.environment, i.kind, i.priority, i.enabled, i.owner, i.schedule,
      i.schedule_time_zone, i.model, i.task_path FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.job_id = i.job_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Access_Policies_audit ON Access_Policies AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.policy_id IS NULL THEN 'insert' WHEN i.policy_id IS NULL THEN 'delete' ELSE 'update' END,
    'Access_Policies', CAST(COALESCE(i.policy_id, d.policy_id) AS nvarchar(12)),
    CASE WHEN d.policy_id IS NOT NULL THEN
      N'{"permissions":' + d.permissions + N',' + STUFF((
      SELECT d.policy_id, d.job_id, d.role, d.entra_id_group, d.model, d.expires_at FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END,
    CASE WHEN i.policy_id IS NOT NULL THEN
      N'{"permissions":' + i.permissions + N',' + STUFF((
      SELECT i.policy_id, i.job_id, i.role, i.entra_id_group, i.model, i.expires_at FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.policy_id = i.policy_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Secret_References_audit ON Secret_References AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.reference_id IS NULL THEN 'insert' WHEN i.reference_id IS NULL THEN 'delete' ELSE 'update' END,
    'Secret_References', CAST(COALESCE(i.reference_id, d.reference_id) AS nvarchar(12)),
    CASE WHEN d.reference_id IS NOT NULL THEN
      (SELECT d.reference_id, d.job_id, d.key_vault, d.secret_name FOR JSON PATH, INCLUDE_NULL_VALUES,
      WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.reference_id IS NOT NULL THEN
      (SELECT i.reference_id, i.job_id, i.key_vault, i.secret_name FOR JSON PATH, INCLUDE_NULL_VALUES,
      WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.reference_id = i.reference_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Network_Rules_audit ON Network_Rules AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.rule_id IS NULL THEN 'insert' WHEN i.rule_id IS NULL THEN 'delete' ELSE 'update' END,
    'Network_Rules', CAST(COALESCE(i.rule_id, d.rule_id) AS nvarchar(12)),
    CASE WHEN d.rule_id IS NOT NULL THEN
      N'{"firewall_ranges":' + d.firewall_ranges + N',' + STUFF((
      SELECT d.rule_id, d.job_id, d.service, d.private_endpoint FOR JSON PATH, INCLUDE_NULL_VALUES,
      WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END,
    CASE WHEN i.rule_id IS NOT NULL THEN
      N'{"firewall_ranges":' + i.firewall_ranges + N',' + STUFF((
      SELECT i.rule_id, i.job_id, i.service, i.private_endpoint FOR JSON PATH, INCLUDE_NULL_VALUES,
      WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.rule_id = i.rule_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Cluster_Configs_audit ON Cluster_Configs AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.config_id IS NULL THEN 'insert' WHEN i.config_id IS NULL THEN 'delete' ELSE 'update' END,
    'Cluster_Configs', CAST(COALESCE(i.config_id, d.config_id) AS nvarchar(12)),
    CASE WHEN d.config_id IS NOT NULL THEN
      (SELECT d.config_id, d.job_id, d.node_type, d.spark_version, d.min_workers, d.max_workers FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.config_id IS NOT NULL THEN
      (SELECT i.config_id, i.job_id, i.node_type, i.spark_version, i.min_workers, i.max_workers FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.config_id = i.config_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Integration_Runtimes_audit ON Integration_Runtimes AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.name IS NULL THEN 'insert' WHEN i.name IS NULL THEN 'delete' ELSE 'update' END,
    'Integration_Runtimes', COALESCE(i.name, d.name),
    CASE WHEN d.name IS NOT NULL THEN
      (SELECT d.name, d.environment, d.kind, d.location, d.core_count, d.time_to_live_minutes, d.enabled,
      d.description FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.name IS NOT NULL THEN
      (SELECT i.name, i.environment, i.kind, i.location, i.core_count, i.time_to_live_minutes, i.enabled,
      i.description FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.name = i.name CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Data_Sources_audit ON Data_Sources AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.name IS NULL THEN 'insert' WHEN i.name IS NULL THEN 'delete' ELSE 'update' END,
    'Data_Sources', COALESCE(i.name, d.name),
    CASE WHEN d.name IS NOT NULL THEN
      (SELECT d.name, d.kind, d.location, d.host, d.database_name, d.path, d.key_vault, d.secret_name,
      d.integration_runtime, d.description FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.name IS NOT NULL THEN
      (SELECT i.name, i.kind, i.location, i.host, i.database_name, i.path, i.key_vault, i.secret_name,
      i.integration_runtime, i.description FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.name = i.name CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Models_audit ON Models AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.name IS NULL THEN 'insert' WHEN i.name IS NULL THEN 'delete' ELSE 'update' END,
    'Models', COALESCE(i.name, d.name),
    CASE WHEN d.name IS NOT NULL THEN
      (SELECT d.name, d.environment, d.owner, d.version, d.serving_size, d.description FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.name IS NOT NULL THEN
      (SELECT i.name, i.environment, i.owner, i.version, i.serving_size, i.description FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.name = i.name CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Pipeline_Settings_audit ON Pipeline_Settings AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.setting_id IS NULL THEN 'insert' WHEN i.setting_id IS NULL THEN 'delete' ELSE 'update' END,
    'Pipeline_Settings', CAST(COALESCE(i.setting_id, d.setting_id) AS nvarchar(12)),
    CASE WHEN d.setting_id IS NOT NULL THEN
      N'{"parameters":' + d.parameters + N',' + STUFF((
      SELECT d.setting_id, d.job_id, d.data_source, d.integration_runtime, d.sink_path, d.concurrency,
      d.timeout_minutes, d.retry_count, d.retry_interval_seconds, d.enabled FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END,
    CASE WHEN i.setting_id IS NOT NULL THEN
      N'{"parameters":' + i.parameters + N',' + STUFF((
      SELECT i.setting_id, i.job_id, i.data_source, i.integration_runtime, i.sink_path, i.concurrency,
      i.timeout_minutes, i.retry_count, i.retry_interval_seconds, i.enabled FOR JSON PATH,
      INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER), 1, 1, N'') END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.setting_id = i.setting_id CROSS JOIN Audit_Actor AS a;
END
GO
CREATE TRIGGER Alert_Rules_audit ON Alert_Rules AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  INSERT INTO Audit_Logs (actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT a.actor, a.actor_kind,
    CASE WHEN d.alert_id IS NULL THEN 'insert' WHEN i.alert_id IS NULL THEN 'delete' ELSE 'update' END,
    'Alert_Rules', CAST(COALESCE(i.alert_id, d.alert_id) AS nvarchar(12)),
    CASE WHEN d.alert_id IS NOT NULL THEN
      (SELECT d.alert_id, d.job_id, d.metric, d.operator, d.threshold, d.window_minutes, d.frequency_minutes,
      d.severity, d.missing_data, d.enabled FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END,
    CASE WHEN i.alert_id IS NOT NULL THEN
      (SELECT i.alert_id, i.job_id, i.metric, i.operator, i.threshold, i.window_minutes, i.frequency_minutes,
      i.severity, i.missing_data, i.enabled FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER) END
  FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.alert_id = i.alert_id CROSS JOIN Audit_Actor AS a;
END
GO

-- ---------------------------------------------------------------- approvals
CREATE TABLE Approvals (
  approval_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Approvals_key PRIMARY KEY,
  kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  subject nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  hash nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
  reason nvarchar(max) NOT NULL,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Approvals_status_default DEFAULT N'asked',
  asked_at datetime2(3) NOT NULL,
  asked_by nvarchar(256) NOT NULL,
  decided_at datetime2(3) NULL,
  decided_by nvarchar(256) NULL,
  comment nvarchar(max) NULL,
  expires_at datetime2(3) NULL,
  CHECK (status IN ('asked', 'approved', 'rejected', 'expired')),
  CHECK ((decided_at IS NULL AND decided_by IS NULL) OR (decided_at IS NOT NULL AND decided_by IS NOT NULL)),
  CHECK (decided_by <> asked_by)
);
CREATE INDEX Approvals_asked ON Approvals (subject) WHERE status = 'asked';
GO

-- ---------------------------------------------------------------- outputs for Data Factory
ALTER TABLE Stack_Outputs ADD plain nvarchar(max) NOT NULL CONSTRAINT Stack_Outputs_plain_default DEFAULT N'';
GO
UPDATE o SET plain = CASE v.type WHEN 1 THEN v.value ELSE o.value END
FROM Stack_Outputs AS o CROSS APPLY OPENJSON(N'[' + o.value + N']') AS v;
GO
CREATE VIEW vw_Adf_Job_Outputs AS
  SELECT j.job_id, o.name, o.plain AS value, o.run_id, o.as_of,
    CAST(CASE WHEN s.applied_hash = s.desired_hash
      AND NOT EXISTS (SELECT 1 FROM Job_Changes AS c WHERE c.job_id = j.job_id)
      AND NOT EXISTS (SELECT 1 FROM Stack_Merges AS m WHERE m.stack = s.stack AND m.listed IS NOT NULL)
      THEN 0 ELSE 1 END AS bit) AS stale
  FROM Jobs AS j
    JOIN Stacks AS s ON s.stack = N'job-'
      + COALESCE(j.environment, (SELECT name FROM Environments WHERE is_default = 1)) + N'-' + CAST(j.job_id AS nvarchar(12))
    JOIN Stack_Outputs AS o ON o.stack = s.stack;
GO

-- ---------------------------------------------------------------- database roles
-- service: all that the running service needs, but no change of the schema. adf_reader: the view. editor:
-- rows of people, nothing of the service's. auditor: reads everything, changes nothing.
CREATE ROLE rowgate_service;
CREATE ROLE rowgate_adf_reader;
CREATE ROLE rowgate_editor;
CREATE ROLE rowgate_auditor;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON Environments TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Environments TO rowgate_service;
GRANT SELECT ON Environments TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Integration_Runtimes TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Integration_Runtimes TO rowgate_service;
GRANT SELECT ON Integration_Runtimes TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Data_Sources TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Data_Sources TO rowgate_service;
GRANT SELECT ON Data_Sources TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Models TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Models TO rowgate_service;
GRANT SELECT ON Models TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Jobs TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Jobs TO rowgate_service;
GRANT SELECT ON Jobs TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Access_Policies TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Access_Policies TO rowgate_service;
GRANT SELECT ON Access_Policies TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Secret_References TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Secret_References TO rowgate_service;
GRANT SELECT ON Secret_References TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Network_Rules TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Network_Rules TO rowgate_service;
GRANT SELECT ON Network_Rules TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Cluster_Configs TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Cluster_Configs TO rowgate_service;
GRANT SELECT ON Cluster_Configs TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Pipeline_Settings TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Pipeline_Settings TO rowgate_service;
GRANT SELECT ON Pipeline_Settings TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Alert_Rules TO rowgate_editor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Alert_Rules TO rowgate_service;
GRANT SELECT ON Alert_Rules TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Service_State TO rowgate_service;
GRANT SELECT ON Service_State TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Commit_Marks TO rowgate_service;
GRANT SELECT ON Commit_Marks TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Job_Changes TO rowgate_service;
GRANT SELECT ON Job_Changes TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Environment_Changes TO rowgate_service;
GRANT SELECT ON Environment_Changes TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Wakeups TO rowgate_service;
GRANT SELECT ON Wakeups TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Contributions TO rowgate_service;
GRANT SELECT ON Contributions TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Stack_Merges TO rowgate_service;
GRANT SELECT ON Stack_Merges TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Stack_References TO rowgate_service;
GRANT SELECT ON Stack_References TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Output_Changes TO rowgate_service;
GRANT SELECT ON Output_Changes TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Recorded_References TO rowgate_service;
GRANT SELECT ON Recorded_References TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Stacks TO rowgate_service;
GRANT SELECT ON Stacks TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Conditions TO rowgate_service;
GRANT SELECT ON Conditions TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Requests TO rowgate_service;
GRANT SELECT ON Requests TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Runs TO rowgate_service;
GRANT SELECT ON Runs TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Run_Steps TO rowgate_service;
GRANT SELECT ON Run_Steps TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Stack_Outputs TO rowgate_service;
GRANT SELECT ON Stack_Outputs TO rowgate_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON Approvals TO rowgate_service;
GRANT SELECT ON Approvals TO rowgate_auditor;
GRANT SELECT, INSERT ON Audit_Logs TO rowgate_service;
GRANT SELECT ON Audit_Logs TO rowgate_auditor;
GRANT SELECT, INSERT ON Service_Logins TO rowgate_service;
GRANT SELECT ON Schema_Migrations TO rowgate_service;
GRANT SELECT ON vw_Adf_Job_Outputs TO rowgate_adf_reader;
GRANT SELECT ON vw_Adf_Job_Outputs TO rowgate_service;
GRANT SELECT ON vw_Adf_Job_Outputs TO rowgate_auditor;
GRANT UPDATE ON Change_Numbers TO rowgate_service;
GRANT UPDATE ON Job_Ids TO rowgate_service;
GRANT UPDATE ON Job_Ids TO rowgate_editor;
GRANT UPDATE ON Policy_Ids TO rowgate_service;
GRANT UPDATE ON Policy_Ids TO rowgate_editor;
GRANT UPDATE ON Reference_Ids TO rowgate_service;
GRANT UPDATE ON Reference_Ids TO rowgate_editor;
GRANT UPDATE ON Rule_Ids TO rowgate_service;
GRANT UPDATE ON Rule_Ids TO rowgate_editor;
GRANT UPDATE ON Config_Ids TO rowgate_service;
GRANT UPDATE ON Config_Ids TO rowgate_editor;
GRANT UPDATE ON Setting_Ids TO rowgate_service;
GRANT UPDATE ON Setting_Ids TO rowgate_editor;
GRANT UPDATE ON Alert_Ids TO rowgate_service;
GRANT UPDATE ON Alert_Ids TO rowgate_editor;
GRANT UPDATE ON Change_Numbers TO rowgate_editor;
GO

-- ---------------------------------------------------------------- what the columns mean
DECLARE @schema sysname = SCHEMA_NAME();
EXEC sp_addextendedproperty N'MS_Description', N'Data Factory runtimes that copy data: in the managed network, or on a site of yours.', N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes';
EXEC sp_addextendedproperty N'MS_Description', N'Name in Data Factory. E.g. ir-plant-lyon',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'name';
EXEC sp_addextendedproperty N'MS_Description', N'Environment whose factory it belongs to. NULL: the default environment. E.g. weu',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'environment';
EXEC sp_addextendedproperty N'MS_Description', N'managed (in the factory''s managed network) or self-hosted. E.g. self-hosted',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'kind';
EXEC sp_addextendedproperty N'MS_Description', N'What it reaches: an Azure region, or the name of a site. A data source of the same location is read through it. E.g. plant-lyon',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'location';
EXEC sp_addextendedproperty N'MS_Description', N'Cores of a managed runtime''s data flows. NULL: 8. E.g. 8',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'core_count';
EXEC sp_addextendedproperty N'MS_Description', N'Minutes that a managed runtime stays warm after its last use. E.g. 10',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'time_to_live_minutes';
EXEC sp_addextendedproperty N'MS_Description', N'false: no job is given this runtime. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'enabled';
EXEC sp_addextendedproperty N'MS_Description', N'For people. NULL: none. E.g. Line PLCs of the Lyon plant',
  N'SCHEMA', @schema, N'TABLE', N'Integration_Runtimes', N'COLUMN', N'description';
EXEC sp_addextendedproperty N'MS_Description', N'Where jobs read from. Credentials are references to a key vault, never values.', N'SCHEMA', @schema, N'TABLE', N'Data_Sources';
EXEC sp_addextendedproperty N'MS_Description', N'Name that pipeline settings refer to. E.g. erp-orders',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'name';
EXEC sp_addextendedproperty N'MS_Description', N'sql-server, azure-sql, adls, blob, rest. E.g. sql-server',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'kind';
EXEC sp_addextendedproperty N'MS_Description', N'Azure region or name of a site; picks the integration runtime. E.g. plant-lyon',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'location';
EXEC sp_addextendedproperty N'MS_Description', N'Server, account or URL. NULL: the environment''s own lake. E.g. sql01.lyon.contoso.example',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'host';
EXEC sp_addextendedproperty N'MS_Description', N'Database or container. NULL: none. E.g. erp',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'database_name';
EXEC sp_addextendedproperty N'MS_Description', N'Table, folder or query path in it. NULL: the whole of it. E.g. sales.orders',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'path';
EXEC sp_addextendedproperty N'MS_Description', N'Vault that holds the credential. NULL: signs in by the factory''s identity. E.g. ml-vault',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'key_vault';
EXEC sp_addextendedproperty N'MS_Description', N'Name of the secret in that vault, never its value. NULL: signs in by the factory''s identity. E.g. erp-reader',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'secret_name';
EXEC sp_addextendedproperty N'MS_Description', N'Runtime to read it through. NULL: the runtime of the same location. E.g. ir-plant-lyon',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'integration_runtime';
EXEC sp_addextendedproperty N'MS_Description', N'For people. NULL: none. E.g. Orders of the ERP',
  N'SCHEMA', @schema, N'TABLE', N'Data_Sources', N'COLUMN', N'description';
EXEC sp_addextendedproperty N'MS_Description', N'Registered models that jobs share, with who answers for them.', N'SCHEMA', @schema, N'TABLE', N'Models';
EXEC sp_addextendedproperty N'MS_Description', N'Three-level Unity Catalog name. E.g. ml.models.churn',
  N'SCHEMA', @schema, N'TABLE', N'Models', N'COLUMN', N'name';
EXEC sp_addextendedproperty N'MS_Description', N'Environment whose metastore holds it. NULL: the default environment. E.g. eastus',
  N'SCHEMA', @schema, N'TABLE', N'Models', N'COLUMN', N'environment';
EXEC sp_addextendedproperty N'MS_Description', N'Who answers for it (user principal name). NULL: nobody. E.g. mei.tanaka@contoso.example',
  N'SCHEMA', @schema, N'TABLE', N'Models', N'COLUMN', N'owner';
EXEC sp_addextendedproperty N'MS_Description', N'Version that online jobs serve. NULL: the latest. E.g. 7',
  N'SCHEMA', @schema, N'TABLE', N'Models', N'COLUMN', N'version';
EXEC sp_addextendedproperty N'MS_Description', N'Size of the serving endpoint. E.g. Small',
  N'SCHEMA', @schema, N'TABLE', N'Models', N'COLUMN', N'serving_size';
EXEC sp_addextendedproperty N'MS_Description', N'For people. NULL: none. E.g. Who leaves next month',
  N'SCHEMA', @schema, N'TABLE', N'Models', N'COLUMN', N'description';
EXEC sp_addextendedproperty N'MS_Description', N'The Data Factory pipeline of a job. At most one row a job.', N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'setting_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Where the pipeline reads from. NULL: nothing is copied before the job runs. E.g. erp-orders',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'data_source';
EXEC sp_addextendedproperty N'MS_Description', N'Runtime to copy with. NULL: picked by the data source''s location. E.g. ir-plant-lyon',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'integration_runtime';
EXEC sp_addextendedproperty N'MS_Description', N'Folder in the lake that data is copied to. NULL: raw/job_<job_id>. E.g. raw/orders',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'sink_path';
EXEC sp_addextendedproperty N'MS_Description', N'Pipeline runs at once. E.g. 1',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'concurrency';
EXEC sp_addextendedproperty N'MS_Description', N'Minutes that one activity may take. E.g. 120',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'timeout_minutes';
EXEC sp_addextendedproperty N'MS_Description', N'Times that a failed activity is tried again. E.g. 2',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'retry_count';
EXEC sp_addextendedproperty N'MS_Description', N'Seconds between two tries. E.g. 60',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'retry_interval_seconds';
EXEC sp_addextendedproperty N'MS_Description', N'Parameters handed to the pipeline, by name. Never secrets. E.g. {"horizon_days":28}',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'parameters';
EXEC sp_addextendedproperty N'MS_Description', N'false: the pipeline''s trigger stays stopped. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Pipeline_Settings', N'COLUMN', N'enabled';
EXEC sp_addextendedproperty N'MS_Description', N'When somebody is told about a job.', N'SCHEMA', @schema, N'TABLE', N'Alert_Rules';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'alert_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'What is measured, e.g. model_accuracy, drift, pipeline_failures. E.g. model_accuracy',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'metric';
EXEC sp_addextendedproperty N'MS_Description', N'LessThan, GreaterThan, LessThanOrEqual or GreaterThanOrEqual. E.g. LessThan',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'operator';
EXEC sp_addextendedproperty N'MS_Description', N'The value it is compared with, in the metric''s own unit (accuracy: 0 to 1). E.g. 0.85',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'threshold';
EXEC sp_addextendedproperty N'MS_Description', N'Minutes that are looked at together. E.g. 60',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'window_minutes';
EXEC sp_addextendedproperty N'MS_Description', N'Minutes between two evaluations. E.g. 15',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'frequency_minutes';
EXEC sp_addextendedproperty N'MS_Description', N'0 (critical) to 4 (verbose). E.g. 2',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'severity';
EXEC sp_addextendedproperty N'MS_Description', N'alert: no value in the window alerts too; ignore: it does not. E.g. alert',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'missing_data';
EXEC sp_addextendedproperty N'MS_Description', N'false: nobody is told. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Alert_Rules', N'COLUMN', N'enabled';
GO
