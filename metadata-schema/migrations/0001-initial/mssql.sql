-- The first schema, for Azure SQL and SQL Server; the twin of sqlite.sql, whose comments hold here too.
--
-- A line GO ends a batch. Text compares by code point (BIN2), as in SQLite. A constraint's name is the sentence
-- that a refused writer reads. Service-owned tables have no triggers, so that OUTPUT works on them. Sequences
-- give the ids, so that a row that comes back may have its old one.
CREATE SEQUENCE Change_Numbers AS bigint START WITH 1;
-- Far from the numbers that people choose.
CREATE SEQUENCE Job_Ids AS int START WITH 100001;
CREATE SEQUENCE Policy_Ids AS int START WITH 1;
CREATE SEQUENCE Reference_Ids AS int START WITH 1;
CREATE SEQUENCE Rule_Ids AS int START WITH 1;
CREATE SEQUENCE Config_Ids AS int START WITH 1;
GO

-- ---------------------------------------------------------------- metadata, written by people
-- Where jobs run: one subscription, network and Databricks workspace.
CREATE TABLE Environments (
  name nvarchar(12) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Environments_key PRIMARY KEY
    CONSTRAINT [Environments.name must be 2 to 12 of a-z and 0-9] CHECK (LEN(name) BETWEEN 2 AND 12 AND name NOT LIKE '%[^a-z0-9]%'),
  is_default bit NOT NULL CONSTRAINT Environments_is_default_default DEFAULT 0,
  location nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Environments.location must be 1 to 64 characters] CHECK (LEN(location) >= 1),
  subscription_id nvarchar(36) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Environments.subscription_id must be a GUID of 36 characters] CHECK (LEN(subscription_id) = 36),
  tenant_id nvarchar(36) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Environments.tenant_id must be a GUID of 36 characters] CHECK (LEN(tenant_id) = 36),
  resource_group nvarchar(90) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Environments.resource_group must be 1 to 90 characters] CHECK (LEN(resource_group) >= 1),
  address_space nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  key_vault_id nvarchar(512) COLLATE Latin1_General_100_BIN2 NULL,
  catalog_name nvarchar(255) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Environments_catalog_name_default DEFAULT N'ml'
    CONSTRAINT [Environments.catalog_name must be 1 to 255 characters] CHECK (LEN(catalog_name) >= 1),
  schema_name nvarchar(255) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Environments_schema_name_default DEFAULT N'models'
    CONSTRAINT [Environments.schema_name must be 1 to 255 characters] CHECK (LEN(schema_name) >= 1),
  default_node_type nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Environments_default_node_type_default DEFAULT N'Standard_D4ds_v5'
    CONSTRAINT [Environments.default_node_type must be 1 to 128 characters] CHECK (LEN(default_node_type) >= 1),
  default_spark_version nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Environments_default_spark_version_default DEFAULT N'16.4.x-scala2.12'
    CONSTRAINT [Environments.default_spark_version must be 1 to 128 characters] CHECK (LEN(default_spark_version) >= 1),
  service_address nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  own_group nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  own_group_members nvarchar(max) NOT NULL CONSTRAINT Environments_own_group_members_default DEFAULT N'[]'
    CONSTRAINT [Environments.own_group_members must be JSON] CHECK (ISJSON(own_group_members) = 1)
);
CREATE UNIQUE INDEX Environments_default ON Environments (is_default) WHERE is_default = 1;
GO

-- One data or ML workload.
CREATE TABLE Jobs (
  job_id int NOT NULL CONSTRAINT Jobs_job_id_default DEFAULT (NEXT VALUE FOR Job_Ids) CONSTRAINT Jobs_key PRIMARY KEY,
  name nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  environment nvarchar(12) COLLATE Latin1_General_100_BIN2 NULL
    CONSTRAINT [Jobs.environment names an environment that does not exist]
    REFERENCES Environments (name),
  kind nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Jobs_kind_default DEFAULT N'batch'
    CONSTRAINT [Jobs.kind must be 1 to 64 characters] CHECK (LEN(kind) >= 1),
  priority nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Jobs_priority_default DEFAULT N'normal'
    CONSTRAINT [Jobs.priority must be 1 to 64 characters] CHECK (LEN(priority) >= 1),
  enabled bit NOT NULL CONSTRAINT Jobs_enabled_default DEFAULT 1,
  owner nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  schedule nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  schedule_time_zone nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Jobs_schedule_time_zone_default DEFAULT N'UTC',
  model nvarchar(767) COLLATE Latin1_General_100_BIN2 NULL,
  task_path nvarchar(1024) COLLATE Latin1_General_100_BIN2 NULL
);
CREATE INDEX Jobs_environment ON Jobs (environment);
GO

-- Who may do what with a job. One row a group.
CREATE TABLE Access_Policies (
  policy_id int NOT NULL CONSTRAINT Access_Policies_policy_id_default DEFAULT (NEXT VALUE FOR Policy_Ids) CONSTRAINT Access_Policies_key PRIMARY KEY,
  job_id int NOT NULL
    CONSTRAINT [Access_Policies.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  role nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Access_Policies.role must be 1 to 128 characters] CHECK (LEN(role) >= 1),
  permissions nvarchar(max) NOT NULL
    CONSTRAINT [Access_Policies.permissions must be JSON] CHECK (ISJSON(permissions) = 1),
  entra_id_group nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Access_Policies.entra_id_group must be 1 to 256 characters] CHECK (LEN(entra_id_group) >= 1),
  model nvarchar(767) COLLATE Latin1_General_100_BIN2 NULL,
  expires_at nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL
);
CREATE INDEX Access_Policies_job ON Access_Policies (job_id);
GO

-- Secrets that a job reads at run time. Names only, never values.
CREATE TABLE Secret_References (
  reference_id int NOT NULL CONSTRAINT Secret_References_reference_id_default DEFAULT (NEXT VALUE FOR Reference_Ids) CONSTRAINT Secret_References_key PRIMARY KEY,
  job_id int NOT NULL
    CONSTRAINT [Secret_References.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  key_vault nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Secret_References.key_vault must be 1 to 512 characters] CHECK (LEN(key_vault) >= 1),
  secret_name nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Secret_References.secret_name must be 1 to 256 characters] CHECK (LEN(secret_name) >= 1)
);
CREATE INDEX Secret_References_job ON Secret_References (job_id);
GO

-- How a service may be reached: a private endpoint, and ranges for its public side.
CREATE TABLE Network_Rules (
  rule_id int NOT NULL CONSTRAINT Network_Rules_rule_id_default DEFAULT (NEXT VALUE FOR Rule_Ids) CONSTRAINT Network_Rules_key PRIMARY KEY,
  job_id int NOT NULL
    CONSTRAINT [Network_Rules.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  service nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
    CONSTRAINT [Network_Rules.service must be 1 to 64 characters] CHECK (LEN(service) >= 1),
  private_endpoint nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  firewall_ranges nvarchar(max) NOT NULL CONSTRAINT Network_Rules_firewall_ranges_default DEFAULT N'[]'
    CONSTRAINT [Network_Rules.firewall_ranges must be JSON] CHECK (ISJSON(firewall_ranges) = 1)
);
CREATE INDEX Network_Rules_job ON Network_Rules (job_id);
GO

-- The cluster that a job runs on. At most one row a job.
CREATE TABLE Cluster_Configs (
  config_id int NOT NULL CONSTRAINT Cluster_Configs_config_id_default DEFAULT (NEXT VALUE FOR Config_Ids) CONSTRAINT Cluster_Configs_key PRIMARY KEY,
  job_id int NOT NULL CONSTRAINT Cluster_Configs_job_id UNIQUE
    CONSTRAINT [Cluster_Configs.job_id names a job that does not exist]
    REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  node_type nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
  spark_version nvarchar(128) COLLATE Latin1_General_100_BIN2 NULL,
  min_workers int NOT NULL CONSTRAINT Cluster_Configs_min_workers_default DEFAULT 1
    CONSTRAINT [Cluster_Configs.min_workers must be 0 or more] CHECK (min_workers BETWEEN 0 AND 2147483647),
  max_workers int NOT NULL CONSTRAINT Cluster_Configs_max_workers_default DEFAULT 4
    CONSTRAINT [Cluster_Configs.max_workers must be 0 or more] CHECK (max_workers BETWEEN 0 AND 2147483647),
  CONSTRAINT [Cluster_Configs.max_workers must not be less than min_workers] CHECK (min_workers <= max_workers)
);
GO

-- ---------------------------------------------------------------- the service's own
CREATE TABLE Service_State (
  id tinyint NOT NULL CONSTRAINT Service_State_key PRIMARY KEY CHECK (id = 1),
  ever_filled bit NOT NULL                            -- 1 since the first environment or job was inserted
);
INSERT INTO Service_State (id, ever_filled) VALUES (1, 0);

-- Proof that a transaction was committed, for a writer that lost its connection while it committed.
CREATE TABLE Commit_Marks (
  mark uniqueidentifier NOT NULL CONSTRAINT Commit_Marks_key PRIMARY KEY NONCLUSTERED,
  at datetime2(3) NOT NULL CONSTRAINT Commit_Marks_at_default DEFAULT SYSUTCDATETIME()
);
CREATE CLUSTERED INDEX Commit_Marks_at ON Commit_Marks (at);

-- Touches not resolved yet, one row each: an edit only ever adds a row, so that no edit waits for another one,
-- nor the service for a transaction that a person leaves open. readChanges takes the newest of each subject
-- and drops the older ones that it saw. An edit of thousands of rows must lock its own entries and not the table.
CREATE TABLE Job_Changes (
  seq bigint NOT NULL CONSTRAINT Job_Changes_seq_default DEFAULT (NEXT VALUE FOR Change_Numbers)
    CONSTRAINT Job_Changes_key PRIMARY KEY,
  job_id int NOT NULL
);
ALTER TABLE Job_Changes SET (LOCK_ESCALATION = DISABLE);
CREATE INDEX Job_Changes_job ON Job_Changes (job_id, seq);
CREATE TABLE Environment_Changes (
  seq bigint NOT NULL CONSTRAINT Environment_Changes_seq_default DEFAULT (NEXT VALUE FOR Change_Numbers)
    CONSTRAINT Environment_Changes_key PRIMARY KEY,
  environment nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL
);
ALTER TABLE Environment_Changes SET (LOCK_ESCALATION = DISABLE);
CREATE INDEX Environment_Changes_environment ON Environment_Changes (environment, seq);

CREATE TABLE Wakeups (
  subject nvarchar(80) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Wakeups_key PRIMARY KEY,
  wake_at datetime2(3) NOT NULL
);
CREATE INDEX Wakeups_wake_at ON Wakeups (wake_at);

CREATE TABLE Contributions (
  subject nvarchar(80) COLLATE Latin1_General_100_BIN2 NOT NULL,
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  environment nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  base nvarchar(max) NULL CHECK (ISJSON(base) = 1),
  wanted nvarchar(max) NOT NULL CHECK (ISJSON(wanted) = 1),
  admitted nvarchar(max) NOT NULL CHECK (ISJSON(admitted) = 1),
  urgent bit NOT NULL,
  CONSTRAINT Contributions_key PRIMARY KEY (subject, stack)
);
CREATE INDEX Contributions_stack ON Contributions (stack, subject);

CREATE TABLE Stack_Merges (
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Stack_Merges_key PRIMARY KEY,
  version int NOT NULL,
  listed bigint NULL                                  -- oldest first; NULL: merged
);
CREATE INDEX Stack_Merges_listed ON Stack_Merges (listed) WHERE listed IS NOT NULL;

CREATE TABLE Stack_References (
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  source nvarchar(80) COLLATE Latin1_General_100_BIN2 NOT NULL,
  referenced_stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  [output] nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  -- wider than a clustered key may be
  CONSTRAINT Stack_References_key PRIMARY KEY NONCLUSTERED (stack, source, referenced_stack, [output])
);
CREATE INDEX Stack_References_source ON Stack_References (source, stack);
CREATE INDEX Stack_References_referenced ON Stack_References (referenced_stack, source, [output]);

CREATE TABLE Output_Changes (
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Output_Changes_key PRIMARY KEY,
  seq bigint NOT NULL
);

CREATE TABLE Recorded_References (
  subject nvarchar(80) COLLATE Latin1_General_100_BIN2 NOT NULL,
  row_table nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  row_key nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  name nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL,
  object_id nvarchar(512) COLLATE Latin1_General_100_BIN2 NOT NULL,
  CONSTRAINT Recorded_References_key PRIMARY KEY NONCLUSTERED (subject, row_table, row_key, name)
);

CREATE TABLE Stacks (
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Stacks_key PRIMARY KEY,
  kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  environment nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  desired_hash nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
  desired_hash_reversed nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  desired_references nvarchar(max) NOT NULL CHECK (ISJSON(desired_references) = 1),
  desired_version int NOT NULL,
  desired_at datetime2(3) NOT NULL,
  applied_hash nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  was_applied bit NOT NULL CONSTRAINT Stacks_was_applied_default DEFAULT 0,
  lane nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  due_at datetime2(3) NULL,
  rank_at datetime2(3) NULL,
  attempts int NOT NULL CONSTRAINT Stacks_attempts_default DEFAULT 0,
  next_attempt_at datetime2(3) NULL,
  failure_class nvarchar(16) COLLATE Latin1_General_100_BIN2 NULL,
  failure_message nvarchar(max) NULL,
  lease_epoch int NOT NULL CONSTRAINT Stacks_lease_epoch_default DEFAULT 0,
  lease_owner nvarchar(max) NULL CHECK (ISJSON(lease_owner) = 1),
  lease_expires_at datetime2(3) NULL,
  lease_run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
  last_run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
  last_success_at datetime2(3) NULL,
  last_success_run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL,
  desired_spec nvarchar(max) NULL CHECK (ISJSON(desired_spec) = 1),
  applied_spec nvarchar(max) NULL CHECK (ISJSON(applied_spec) = 1),
  leased_spec nvarchar(max) NULL CHECK (ISJSON(leased_spec) = 1),
  CHECK ((due_at IS NULL AND rank_at IS NULL) OR (due_at IS NOT NULL AND rank_at IS NOT NULL)),
  CHECK ((lease_run_id IS NULL AND lease_expires_at IS NULL) OR (lease_run_id IS NOT NULL AND lease_expires_at IS NOT NULL))
);
CREATE INDEX Stacks_due ON Stacks (rank_at) INCLUDE (lane, next_attempt_at, lease_run_id, lease_expires_at, desired_hash_reversed)
  WHERE rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX Stacks_due_urgent ON Stacks (rank_at) INCLUDE (next_attempt_at, lease_run_id, lease_expires_at, desired_hash_reversed)
  WHERE lane = 'urgent' AND rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX Stacks_leased ON Stacks (lease_run_id) WHERE lease_run_id IS NOT NULL;
-- NULL exactly where the stack must not exist: a filter cannot be on desired_spec, which is too large.
CREATE INDEX Stacks_to_destroy ON Stacks (stack) WHERE desired_hash_reversed IS NULL;
CREATE INDEX Stacks_version ON Stacks (desired_hash_reversed) WHERE desired_hash_reversed IS NOT NULL;

CREATE TABLE Conditions (
  subject_kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  subject_key nvarchar(600) COLLATE Latin1_General_100_BIN2 NOT NULL,
  type nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  reason nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  message nvarchar(max) NOT NULL,
  since datetime2(3) NOT NULL,
  resolved_subject nvarchar(80) COLLATE Latin1_General_100_BIN2 NULL,
  CONSTRAINT Conditions_key PRIMARY KEY NONCLUSTERED (subject_kind, subject_key, type)
);
CREATE INDEX Conditions_type ON Conditions (subject_kind, type);
CREATE INDEX Conditions_resolved ON Conditions (resolved_subject) WHERE resolved_subject IS NOT NULL;

CREATE TABLE Requests (
  request_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Requests_key PRIMARY KEY,
  kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  job_id int NOT NULL,
  created_at datetime2(3) NOT NULL
);

CREATE TABLE Runs (
  number bigint IDENTITY(1, 1) NOT NULL CONSTRAINT Runs_key PRIMARY KEY,
  run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Runs_run_id UNIQUE,
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  request_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NULL CONSTRAINT Runs_request_exists REFERENCES Requests (request_id),
  kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  reason nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  lane nvarchar(16) COLLATE Latin1_General_100_BIN2 NULL,
  spec_hash nvarchar(256) COLLATE Latin1_General_100_BIN2 NULL,
  spec_references nvarchar(max) NOT NULL CONSTRAINT Runs_spec_references_default DEFAULT N'[]' CHECK (ISJSON(spec_references) = 1),
  epoch int NULL,
  child nvarchar(max) NULL CHECK (ISJSON(child) = 1),
  engine nvarchar(max) NULL CHECK (ISJSON(engine) = 1),
  queued_at datetime2(3) NOT NULL,
  started_at datetime2(3) NULL,
  ended_at datetime2(3) NULL,
  changes nvarchar(max) NOT NULL CONSTRAINT Runs_changes_default DEFAULT N'{}' CHECK (ISJSON(changes) = 1),
  failure_class nvarchar(16) COLLATE Latin1_General_100_BIN2 NULL,
  failure_message nvarchar(max) NULL
);
CREATE INDEX Runs_request ON Runs (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX Runs_queued ON Runs (stack, queued_at) WHERE status = 'queued';
CREATE INDEX Runs_queued_urgent ON Runs (queued_at) INCLUDE (stack, kind) WHERE status = 'queued' AND lane = 'urgent';
CREATE INDEX Runs_leased ON Runs (stack, started_at, epoch) WHERE epoch IS NOT NULL;

CREATE TABLE Run_Steps (
  run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Run_Steps_run REFERENCES Runs (run_id) ON DELETE CASCADE,
  number int NOT NULL,
  at datetime2(3) NOT NULL,
  operation nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
  urn nvarchar(2000) NOT NULL,
  type nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  object_id nvarchar(2000) NULL,
  message nvarchar(max) NULL,
  CONSTRAINT Run_Steps_key PRIMARY KEY (run_id, number)
);

CREATE TABLE Stack_Outputs (
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
  name nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
  value nvarchar(max) NOT NULL,                       -- JSON, scalars too, which ISJSON refuses
  run_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
  as_of datetime2(3) NOT NULL,
  CONSTRAINT Stack_Outputs_key PRIMARY KEY (stack, name)
);
GO

-- ---------------------------------------------------------------- change capture
-- A trigger runs once a statement and sees all of its rows, in inserted and deleted; MERGE and bulk inserts
-- that ask for triggers (FIRE_TRIGGERS) included.
CREATE TRIGGER Environments_touch ON Environments AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @edited TABLE (name nvarchar(12) COLLATE Latin1_General_100_BIN2 NOT NULL, is_default bit NOT NULL);
  INSERT INTO @edited (name, is_default)
    SELECT name, is_default FROM inserted UNION SELECT name, is_default FROM deleted;
  DECLARE @names TABLE (name nvarchar(12) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY);
  INSERT INTO @names (name) SELECT DISTINCT name FROM @edited;
  INSERT INTO Environment_Changes (environment) SELECT name FROM @names;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id)
    SELECT j.job_id FROM Jobs AS j JOIN @names AS n ON j.environment = n.name
    UNION
    SELECT job_id FROM Jobs WHERE environment IS NULL AND EXISTS (SELECT 1 FROM @edited WHERE is_default = 1);
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
  IF EXISTS (SELECT 1 FROM inserted) UPDATE Service_State SET ever_filled = 1 WHERE ever_filled = 0;
END
GO
CREATE TRIGGER Jobs_touch ON Jobs AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
  IF EXISTS (SELECT 1 FROM inserted) UPDATE Service_State SET ever_filled = 1 WHERE ever_filled = 0;
END
GO
CREATE TRIGGER Access_Policies_touch ON Access_Policies AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
CREATE TRIGGER Secret_References_touch ON Secret_References AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
CREATE TRIGGER Network_Rules_touch ON Network_Rules AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO
CREATE TRIGGER Cluster_Configs_touch ON Cluster_Configs AFTER INSERT, UPDATE, DELETE AS
BEGIN
  SET NOCOUNT ON;
  DECLARE @jobs TABLE (job_id int NOT NULL PRIMARY KEY);
  INSERT INTO @jobs (job_id) SELECT job_id FROM inserted UNION SELECT job_id FROM deleted;
  INSERT INTO Job_Changes (job_id) SELECT job_id FROM @jobs;
END
GO

-- ---------------------------------------------------------------- what the columns mean
DECLARE @schema sysname = SCHEMA_NAME();
EXEC sp_addextendedproperty N'MS_Description', N'Where jobs run: one subscription, network and Databricks workspace.', N'SCHEMA', @schema, N'TABLE', N'Environments';
EXEC sp_addextendedproperty N'MS_Description', N'Short name; part of the names of stacks and resources, so it can''t be changed later. E.g. eastus',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'name';
EXEC sp_addextendedproperty N'MS_Description', N'The environment of jobs that name none. At most one row. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'is_default';
EXEC sp_addextendedproperty N'MS_Description', N'Azure region. E.g. eastus',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'location';
EXEC sp_addextendedproperty N'MS_Description', N'Subscription that the resources are made in (GUID). E.g. 0c558b56-a63f-5061-9918-1ef05ef55d67',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'subscription_id';
EXEC sp_addextendedproperty N'MS_Description', N'Entra tenant of the groups and people (GUID). E.g. bd3df6c6-db8f-580a-8449-c0c20fa7e19d',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'tenant_id';
EXEC sp_addextendedproperty N'MS_Description', N'Resource group that holds what is made. E.g. rg-ml-eastus',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'resource_group';
EXEC sp_addextendedproperty N'MS_Description', N'IPv4 range (CIDR) of the virtual network. E.g. 10.20.0.0/16',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'address_space';
EXEC sp_addextendedproperty N'MS_Description', N'ARM id of an existing key vault. NULL: a vault is made. E.g. /subscriptions/0c558b56-a63f-5061-9918-1ef05ef55d67/resourceGroups/rg-shared-eastus/providers/Microsoft.KeyVault/vaults/ml-vault',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'key_vault_id';
EXEC sp_addextendedproperty N'MS_Description', N'Unity Catalog catalog of the jobs'' models. E.g. ml',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'catalog_name';
EXEC sp_addextendedproperty N'MS_Description', N'Schema in that catalog. E.g. models',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'schema_name';
EXEC sp_addextendedproperty N'MS_Description', N'Virtual machine size of clusters that name none. E.g. Standard_D4ds_v5',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'default_node_type';
EXEC sp_addextendedproperty N'MS_Description', N'Databricks runtime of clusters that name none. E.g. 16.4.x-scala2.12',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'default_spark_version';
EXEC sp_addextendedproperty N'MS_Description', N'Address (IPv4 CIDR) that this service calls Databricks from; always on the allow list. E.g. 203.0.113.10/32',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'service_address';
EXEC sp_addextendedproperty N'MS_Description', N'Display name of an Entra group to make for this environment. NULL: no group is made. E.g. weu_ml_oncall',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'own_group';
EXEC sp_addextendedproperty N'MS_Description', N'User principal names of that group''s members. E.g. ["ines.moreau@contoso.example"]',
  N'SCHEMA', @schema, N'TABLE', N'Environments', N'COLUMN', N'own_group_members';
EXEC sp_addextendedproperty N'MS_Description', N'One data or ML workload.', N'SCHEMA', @schema, N'TABLE', N'Jobs';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the job, chosen by whoever adds it; left out, the database gives one never used before. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Name for people. NULL: job <job_id>. E.g. Churn model training',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'name';
EXEC sp_addextendedproperty N'MS_Description', N'Environment it runs in. NULL: the default environment. E.g. eastus',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'environment';
EXEC sp_addextendedproperty N'MS_Description', N'batch (a Databricks job) or online (a serving endpoint). E.g. batch',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'kind';
EXEC sp_addextendedproperty N'MS_Description', N'normal or urgent: urgent jobs are reconciled first, on faster compute. E.g. normal',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'priority';
EXEC sp_addextendedproperty N'MS_Description', N'false: its schedule is paused; nothing is destroyed. E.g. true',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'enabled';
EXEC sp_addextendedproperty N'MS_Description', N'Who answers for it (user principal name). NULL: nobody. E.g. amara.okafor@contoso.example',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'owner';
EXEC sp_addextendedproperty N'MS_Description', N'Quartz cron expression. NULL: no schedule. E.g. 0 30 2 * * ?',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'schedule';
EXEC sp_addextendedproperty N'MS_Description', N'Time zone id that the schedule is in. E.g. America/New_York',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'schedule_time_zone';
EXEC sp_addextendedproperty N'MS_Description', N'Three-level Unity Catalog name of its model. NULL: <catalog>.<schema>.job_<job_id> of its environment. E.g. ml.models.churn',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'model';
EXEC sp_addextendedproperty N'MS_Description', N'Workspace path of its notebook. NULL: /Workspace/Jobs/job_<job_id>. E.g. /Workspace/Jobs/churn/train',
  N'SCHEMA', @schema, N'TABLE', N'Jobs', N'COLUMN', N'task_path';
EXEC sp_addextendedproperty N'MS_Description', N'Who may do what with a job. One row a group.', N'SCHEMA', @schema, N'TABLE', N'Access_Policies';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'policy_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Bundle that the permissions must be in. E.g. DataScientist',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'role';
EXEC sp_addextendedproperty N'MS_Description', N'What the group may do. E.g. ["execute_inference","read_model"]',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'permissions';
EXEC sp_addextendedproperty N'MS_Description', N'Display name of the Entra group. E.g. ds_team',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'entra_id_group';
EXEC sp_addextendedproperty N'MS_Description', N'Another model than the job''s. NULL: the job''s model. E.g. ml.models.churn',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'model';
EXEC sp_addextendedproperty N'MS_Description', N'Instant (ISO 8601 with a zone) from which the row no longer counts. NULL: never. E.g. 2026-12-31T00:00:00Z',
  N'SCHEMA', @schema, N'TABLE', N'Access_Policies', N'COLUMN', N'expires_at';
EXEC sp_addextendedproperty N'MS_Description', N'Secrets that a job reads at run time. Names only, never values.', N'SCHEMA', @schema, N'TABLE', N'Secret_References';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Secret_References', N'COLUMN', N'reference_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Secret_References', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Name of the vault. E.g. ml-vault',
  N'SCHEMA', @schema, N'TABLE', N'Secret_References', N'COLUMN', N'key_vault';
EXEC sp_addextendedproperty N'MS_Description', N'Name of the secret in it. E.g. databricks-token',
  N'SCHEMA', @schema, N'TABLE', N'Secret_References', N'COLUMN', N'secret_name';
EXEC sp_addextendedproperty N'MS_Description', N'How a service may be reached: a private endpoint, and ranges for its public side.', N'SCHEMA', @schema, N'TABLE', N'Network_Rules';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Network_Rules', N'COLUMN', N'rule_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Network_Rules', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Service to reach. E.g. Databricks',
  N'SCHEMA', @schema, N'TABLE', N'Network_Rules', N'COLUMN', N'service';
EXEC sp_addextendedproperty N'MS_Description', N'Name of the private endpoint; jobs may share one. NULL: firewall ranges only. E.g. pe-databricks-eastus',
  N'SCHEMA', @schema, N'TABLE', N'Network_Rules', N'COLUMN', N'private_endpoint';
EXEC sp_addextendedproperty N'MS_Description', N'IPv4 addresses or CIDRs that may reach the service''s public side. E.g. ["203.0.113.0/28"]',
  N'SCHEMA', @schema, N'TABLE', N'Network_Rules', N'COLUMN', N'firewall_ranges';
EXEC sp_addextendedproperty N'MS_Description', N'The cluster that a job runs on. At most one row a job.', N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs';
EXEC sp_addextendedproperty N'MS_Description', N'Number of the row. E.g. 17',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'config_id';
EXEC sp_addextendedproperty N'MS_Description', N'The job that the row belongs to; the row goes with it. E.g. 201',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'job_id';
EXEC sp_addextendedproperty N'MS_Description', N'Virtual machine size. NULL: the environment''s default. E.g. Standard_E8ds_v5',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'node_type';
EXEC sp_addextendedproperty N'MS_Description', N'Databricks runtime. NULL: the environment''s default. E.g. 16.4.x-scala2.12',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'spark_version';
EXEC sp_addextendedproperty N'MS_Description', N'Fewest workers that autoscaling keeps. E.g. 1',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'min_workers';
EXEC sp_addextendedproperty N'MS_Description', N'Most workers that autoscaling starts; not less than min_workers. E.g. 4',
  N'SCHEMA', @schema, N'TABLE', N'Cluster_Configs', N'COLUMN', N'max_workers';
GO
