-- The whole program: what exists already, who signs in, exceptions, probes and fired alerts.
--
-- As in 0001: constraints cover shape only, and times are text like 2026-01-31T08:00:00.000Z.

-- ---------------------------------------------------------------- metadata, written by people
-- existing_resources: ARM ids of resources that exist already, by what they are; all others are made.
-- databricks_account_id: GUID; NULL: no rule set is made for jobs' identities. service_url: base URL (https) at which
-- pipelines and alerts reach this service; NULL: they do not call back. alert_emails: whom the action group mails.
-- production: 0: a place to try things. deletion_protection: 1: what holds data can't be deleted or replaced.
ALTER TABLE Environments ADD COLUMN production INTEGER NOT NULL DEFAULT 1
  CONSTRAINT "Environments.production must be 0 or 1" CHECK (production IN (0, 1));
ALTER TABLE Environments ADD COLUMN deletion_protection INTEGER NOT NULL DEFAULT 1
  CONSTRAINT "Environments.deletion_protection must be 0 or 1" CHECK (deletion_protection IN (0, 1));
ALTER TABLE Environments ADD COLUMN existing_resources TEXT NOT NULL DEFAULT '{}'
  CONSTRAINT "Environments.existing_resources must be JSON" CHECK (json_valid(existing_resources));
ALTER TABLE Environments ADD COLUMN databricks_account_id TEXT
  CONSTRAINT "Environments.databricks_account_id must be a GUID of 36 characters" CHECK (length(databricks_account_id) = 36);
ALTER TABLE Environments ADD COLUMN service_url TEXT
  CONSTRAINT "Environments.service_url must be 1 to 256 characters" CHECK (length(service_url) BETWEEN 1 AND 256);
ALTER TABLE Environments ADD COLUMN alert_emails TEXT NOT NULL DEFAULT '[]'
  CONSTRAINT "Environments.alert_emails must be JSON" CHECK (json_valid(alert_emails));

-- Whose tokens may sign in as the job's identity; NULL: nobody else's.
ALTER TABLE Jobs ADD COLUMN federation_issuer TEXT
  CONSTRAINT "Jobs.federation_issuer must be at most 512 characters" CHECK (length(federation_issuer) <= 512);
ALTER TABLE Jobs ADD COLUMN federation_subject TEXT
  CONSTRAINT "Jobs.federation_subject must be at most 512 characters" CHECK (length(federation_subject) <= 512);

-- auto_termination_minutes: without use, of an interactive cluster. spot: 1: workers may be spot machines.
ALTER TABLE Cluster_Configs ADD COLUMN auto_termination_minutes INTEGER NOT NULL DEFAULT 30
  CONSTRAINT "Cluster_Configs.auto_termination_minutes must be 0 or more" CHECK (auto_termination_minutes BETWEEN 0 AND 2147483647);
ALTER TABLE Cluster_Configs ADD COLUMN spot INTEGER NOT NULL DEFAULT 1
  CONSTRAINT "Cluster_Configs.spot must be 0 or 1" CHECK (spot IN (0, 1));

-- Guardrails that are set aside for one value of a job, until an instant, with the reason.
CREATE TABLE Guardrail_Exceptions (
  -- Number of the row. E.g. 17
  exception_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Guardrail_Exceptions.exception_id must fit in 32 bits" CHECK (exception_id BETWEEN -2147483648 AND 2147483647),
  -- The job that the row belongs to; the row goes with it. E.g. 201
  job_id INTEGER NOT NULL REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  -- Id of the guardrail that is set aside. E.g. range-width
  guardrail TEXT NOT NULL
    CONSTRAINT "Guardrail_Exceptions.guardrail must be 1 to 64 characters" CHECK (length(guardrail) BETWEEN 1 AND 64),
  -- The exact value that is excepted, as the refusal names it. E.g. 203.0.0.0/20
  subject TEXT NOT NULL
    CONSTRAINT "Guardrail_Exceptions.subject must be 1 to 512 characters" CHECK (length(subject) BETWEEN 1 AND 512),
  -- Why, for whoever reads it later. E.g. Range of the partner's office until it moves
  reason TEXT NOT NULL
    CONSTRAINT "Guardrail_Exceptions.reason must be 1 to 1024 characters" CHECK (length(reason) BETWEEN 1 AND 1024),
  -- Instant (ISO 8601 with a zone) from which the guardrail counts again. E.g. 2026-12-31T00:00:00Z
  expires_at TEXT NOT NULL
    CONSTRAINT "Guardrail_Exceptions.expires_at must be 1 to 64 characters" CHECK (length(expires_at) BETWEEN 1 AND 64)
) STRICT;
CREATE INDEX Guardrail_Exceptions_job ON Guardrail_Exceptions (job_id);

-- Runtimes of the default environment that do not name it: read with each of its jobs.
CREATE INDEX Integration_Runtimes_default ON Integration_Runtimes (name) WHERE environment IS NULL;

-- ---------------------------------------------------------------- change capture
CREATE TRIGGER Guardrail_Exceptions_before_insert BEFORE INSERT ON Guardrail_Exceptions BEGIN
  SELECT RAISE(ABORT, 'Guardrail_Exceptions.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Guardrail_Exceptions WHERE exception_id = NEW.exception_id;
END;
CREATE TRIGGER Guardrail_Exceptions_after_insert AFTER INSERT ON Guardrail_Exceptions BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id);
END;
CREATE TRIGGER Guardrail_Exceptions_before_update BEFORE UPDATE ON Guardrail_Exceptions BEGIN
  SELECT RAISE(ABORT, 'Guardrail_Exceptions.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Guardrail_Exceptions
    WHERE exception_id = NEW.exception_id AND exception_id <> OLD.exception_id;
END;
CREATE TRIGGER Guardrail_Exceptions_after_update AFTER UPDATE ON Guardrail_Exceptions BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id;
END;
CREATE TRIGGER Guardrail_Exceptions_after_delete AFTER DELETE ON Guardrail_Exceptions BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id);
END;

-- Also of a job with these rows, where foreign keys are off.
DROP TRIGGER Jobs_after_renumber;
CREATE TRIGGER Jobs_after_renumber AFTER UPDATE ON Jobs WHEN NEW.job_id <> OLD.job_id BEGIN
  UPDATE Access_Policies SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Secret_References SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Network_Rules SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Cluster_Configs SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Pipeline_Settings SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Alert_Rules SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Guardrail_Exceptions SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
END;
DROP TRIGGER Jobs_after_delete;
CREATE TRIGGER Jobs_after_delete AFTER DELETE ON Jobs BEGIN
  DELETE FROM Access_Policies WHERE job_id = OLD.job_id;
  DELETE FROM Secret_References WHERE job_id = OLD.job_id;
  DELETE FROM Network_Rules WHERE job_id = OLD.job_id;
  DELETE FROM Cluster_Configs WHERE job_id = OLD.job_id;
  DELETE FROM Pipeline_Settings WHERE job_id = OLD.job_id;
  DELETE FROM Alert_Rules WHERE job_id = OLD.job_id;
  DELETE FROM Guardrail_Exceptions WHERE job_id = OLD.job_id;
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id);
END;

-- A runtime also touches the environment that it belongs to, which makes it.
DROP TRIGGER Integration_Runtimes_before_insert;
DROP TRIGGER Integration_Runtimes_after_insert;
DROP TRIGGER Integration_Runtimes_before_update;
DROP TRIGGER Integration_Runtimes_after_update;
DROP TRIGGER Integration_Runtimes_after_delete;
DROP VIEW Edited_Runtimes;
CREATE VIEW Edited_Runtimes AS SELECT name, location, environment FROM Integration_Runtimes;
CREATE TRIGGER Edited_Runtimes_insert INSTEAD OF INSERT ON Edited_Runtimes BEGIN
  INSERT INTO Touched_Environments (environment) SELECT NEW.environment WHERE NEW.environment IS NOT NULL;
  INSERT INTO Touched_Environments (environment)
    SELECT name FROM Environments WHERE is_default = 1 AND NEW.environment IS NULL;
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Pipeline_Settings WHERE integration_runtime = NEW.name;
  INSERT INTO Touched_Jobs (job_id) SELECT p.job_id FROM Data_Sources AS s JOIN Pipeline_Settings AS p
    ON p.data_source = s.name WHERE s.integration_runtime = NEW.name;
  INSERT INTO Touched_Jobs (job_id) SELECT p.job_id FROM Data_Sources AS s JOIN Pipeline_Settings AS p
    ON p.data_source = s.name WHERE s.location = NEW.location AND s.integration_runtime IS NULL;
END;
CREATE TRIGGER Integration_Runtimes_before_insert BEFORE INSERT ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment)
    SELECT name, location, environment FROM Integration_Runtimes WHERE name = NEW.name;
END;
CREATE TRIGGER Integration_Runtimes_after_insert AFTER INSERT ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment) VALUES (NEW.name, NEW.location, NEW.environment);
END;
CREATE TRIGGER Integration_Runtimes_before_update BEFORE UPDATE ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment)
    SELECT name, location, environment FROM Integration_Runtimes WHERE name = NEW.name AND name <> OLD.name;
END;
CREATE TRIGGER Integration_Runtimes_after_update AFTER UPDATE ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment)
    SELECT OLD.name, OLD.location, OLD.environment UNION SELECT NEW.name, NEW.location, NEW.environment;
END;
CREATE TRIGGER Integration_Runtimes_after_delete AFTER DELETE ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment) VALUES (OLD.name, OLD.location, OLD.environment);
END;

-- ---------------------------------------------------------------- audit log
-- Events hold every column, so the triggers of tables that got columns are made anew.
DROP TRIGGER Environments_audit_before_insert;
DROP TRIGGER Environments_audit_insert;
DROP TRIGGER Environments_audit_before_update;
DROP TRIGGER Environments_audit_update;
DROP TRIGGER Environments_audit_delete;
CREATE TRIGGER Environments_audit_before_insert BEFORE INSERT ON Environments BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Environments';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Environments', r.name,
    json_object('name', r.name, 'is_default', json(iif(r.is_default, 'true', 'false')),
    'production', json(iif(r.production, 'true', 'false')),
    'deletion_protection', json(iif(r.deletion_protection, 'true', 'false')), 'location', r.location,
    'subscription_id', r.subscription_id, 'tenant_id', r.tenant_id, 'resource_group', r.resource_group,
    'address_space', r.address_space, 'key_vault_id', r.key_vault_id, 'catalog_name', r.catalog_name,
    'schema_name', r.schema_name, 'default_node_type', r.default_node_type, 'default_spark_version',
    r.default_spark_version, 'service_address', r.service_address, 'own_group', r.own_group,
    'own_group_members', json(r.own_group_members), 'existing_resources', json(r.existing_resources),
    'databricks_account_id', r.databricks_account_id, 'service_url', r.service_url, 'alert_emails',
    json(r.alert_emails))
  FROM Environments AS r WHERE (r.name = NEW.name OR (r.is_default = 1 AND NEW.is_default = 1));
END;
CREATE TRIGGER Environments_audit_insert AFTER INSERT ON Environments BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Environments' AND row_key <> NEW.name
    AND NOT EXISTS (SELECT 1 FROM Environments AS r WHERE r.name = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Environments', NEW.name,
    p.before_values,
    json_object('name', NEW.name, 'is_default', json(iif(NEW.is_default, 'true', 'false')),
    'production', json(iif(NEW.production, 'true', 'false')),
    'deletion_protection', json(iif(NEW.deletion_protection, 'true', 'false')), 'location',
    NEW.location, 'subscription_id', NEW.subscription_id, 'tenant_id', NEW.tenant_id, 'resource_group',
    NEW.resource_group, 'address_space', NEW.address_space, 'key_vault_id', NEW.key_vault_id, 'catalog_name',
    NEW.catalog_name, 'schema_name', NEW.schema_name, 'default_node_type', NEW.default_node_type,
    'default_spark_version', NEW.default_spark_version, 'service_address', NEW.service_address, 'own_group',
    NEW.own_group, 'own_group_members', json(NEW.own_group_members), 'existing_resources',
    json(NEW.existing_resources), 'databricks_account_id', NEW.databricks_account_id, 'service_url',
    NEW.service_url, 'alert_emails', json(NEW.alert_emails))
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Environments' AND p.row_key = NEW.name;
  DELETE FROM Audit_Replaced WHERE table_name = 'Environments';
END;
CREATE TRIGGER Environments_audit_before_update BEFORE UPDATE ON Environments BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Environments';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Environments', r.name,
    json_object('name', r.name, 'is_default', json(iif(r.is_default, 'true', 'false')),
    'production', json(iif(r.production, 'true', 'false')),
    'deletion_protection', json(iif(r.deletion_protection, 'true', 'false')), 'location', r.location,
    'subscription_id', r.subscription_id, 'tenant_id', r.tenant_id, 'resource_group', r.resource_group,
    'address_space', r.address_space, 'key_vault_id', r.key_vault_id, 'catalog_name', r.catalog_name,
    'schema_name', r.schema_name, 'default_node_type', r.default_node_type, 'default_spark_version',
    r.default_spark_version, 'service_address', r.service_address, 'own_group', r.own_group,
    'own_group_members', json(r.own_group_members), 'existing_resources', json(r.existing_resources),
    'databricks_account_id', r.databricks_account_id, 'service_url', r.service_url, 'alert_emails',
    json(r.alert_emails))
  FROM Environments AS r WHERE (r.name = NEW.name OR (r.is_default = 1 AND NEW.is_default = 1)) AND r.name <> OLD.name;
END;
CREATE TRIGGER Environments_audit_update AFTER UPDATE ON Environments BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Environments' AND (row_key = CAST(NEW.name AS TEXT) OR NOT EXISTS (SELECT 1 FROM Environments AS r WHERE r.name = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Environments', NEW.name,
    json_object('name', OLD.name, 'is_default', json(iif(OLD.is_default, 'true', 'false')),
    'production', json(iif(OLD.production, 'true', 'false')),
    'deletion_protection', json(iif(OLD.deletion_protection, 'true', 'false')), 'location',
    OLD.location, 'subscription_id', OLD.subscription_id, 'tenant_id', OLD.tenant_id, 'resource_group',
    OLD.resource_group, 'address_space', OLD.address_space, 'key_vault_id', OLD.key_vault_id, 'catalog_name',
    OLD.catalog_name, 'schema_name', OLD.schema_name, 'default_node_type', OLD.default_node_type,
    'default_spark_version', OLD.default_spark_version, 'service_address', OLD.service_address, 'own_group',
    OLD.own_group, 'own_group_members', json(OLD.own_group_members), 'existing_resources',
    json(OLD.existing_resources), 'databricks_account_id', OLD.databricks_account_id, 'service_url',
    OLD.service_url, 'alert_emails', json(OLD.alert_emails)),
    json_object('name', NEW.name, 'is_default', json(iif(NEW.is_default, 'true', 'false')),
    'production', json(iif(NEW.production, 'true', 'false')),
    'deletion_protection', json(iif(NEW.deletion_protection, 'true', 'false')), 'location',
    NEW.location, 'subscription_id', NEW.subscription_id, 'tenant_id', NEW.tenant_id, 'resource_group',
    NEW.resource_group, 'address_space', NEW.address_space, 'key_vault_id', NEW.key_vault_id, 'catalog_name',
    NEW.catalog_name, 'schema_name', NEW.schema_name, 'default_node_type', NEW.default_node_type,
    'default_spark_version', NEW.default_spark_version, 'service_address', NEW.service_address, 'own_group',
    NEW.own_group, 'own_group_members', json(NEW.own_group_members), 'existing_resources',
    json(NEW.existing_resources), 'databricks_account_id', NEW.databricks_account_id, 'service_url',
    NEW.service_url, 'alert_emails', json(NEW.alert_emails));
  DELETE FROM Audit_Replaced WHERE table_name = 'Environments';
END;
CREATE TRIGGER Environments_audit_delete AFTER DELETE ON Environments BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Environments', OLD.name,
    json_object('name', OLD.name, 'is_default', json(iif(OLD.is_default, 'true', 'false')),
    'production', json(iif(OLD.production, 'true', 'false')),
    'deletion_protection', json(iif(OLD.deletion_protection, 'true', 'false')), 'location',
    OLD.location, 'subscription_id', OLD.subscription_id, 'tenant_id', OLD.tenant_id, 'resource_group',
    OLD.resource_group, 'address_space', OLD.address_space, 'key_vault_id', OLD.key_vault_id, 'catalog_name',
    OLD.catalog_name, 'schema_name', OLD.schema_name, 'default_node_type', OLD.default_node_type,
    'default_spark_version', OLD.default_spark_version, 'service_address', OLD.service_address, 'own_group',
    OLD.own_group, 'own_group_members', json(OLD.own_group_members), 'existing_resources',
    json(OLD.existing_resources), 'databricks_account_id', OLD.databricks_account_id, 'service_url',
    OLD.service_url, 'alert_emails', json(OLD.alert_emails)),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Environments' AND row_key = OLD.name;
END;

DROP TRIGGER Jobs_audit_before_insert;
DROP TRIGGER Jobs_audit_insert;
DROP TRIGGER Jobs_audit_before_update;
DROP TRIGGER Jobs_audit_update;
DROP TRIGGER Jobs_audit_delete;
CREATE TRIGGER Jobs_audit_before_insert BEFORE INSERT ON Jobs BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Jobs';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Jobs', r.job_id,
    json_object('job_id', r.job_id, 'name', r.name, 'environment', r.environment, 'kind', r.kind, 'priority',
    r.priority, 'enabled', json(iif(r.enabled, 'true', 'false')), 'owner', r.owner, 'schedule', r.schedule,
    'schedule_time_zone', r.schedule_time_zone, 'model', r.model, 'task_path', r.task_path, 'federation_issuer',
    r.federation_issuer, 'federation_subject', r.federation_subject)
  FROM Jobs AS r WHERE r.job_id = NEW.job_id;
END;
CREATE TRIGGER Jobs_audit_insert AFTER INSERT ON Jobs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Jobs' AND row_key <> NEW.job_id
    AND NOT EXISTS (SELECT 1 FROM Jobs AS r WHERE r.job_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Jobs', NEW.job_id,
    p.before_values,
    json_object('job_id', NEW.job_id, 'name', NEW.name, 'environment', NEW.environment, 'kind', NEW.kind,
    'priority', NEW.priority, 'enabled', json(iif(NEW.enabled, 'true', 'false')), 'owner', NEW.owner,
    'schedule', NEW.schedule, 'schedule_time_zone', NEW.schedule_time_zone, 'model', NEW.model, 'task_path',
    NEW.task_path, 'federation_issuer', NEW.federation_issuer, 'federation_subject', NEW.federation_subject)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Jobs' AND p.row_key = NEW.job_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Jobs';
END;
CREATE TRIGGER Jobs_audit_before_update BEFORE UPDATE ON Jobs BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Jobs';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Jobs', r.job_id,
    json_object('job_id', r.job_id, 'name', r.name, 'environment', r.environment, 'kind', r.kind, 'priority',
    r.priority, 'enabled', json(iif(r.enabled, 'true', 'false')), 'owner', r.owner, 'schedule', r.schedule,
    'schedule_time_zone', r.schedule_time_zone, 'model', r.model, 'task_path', r.task_path, 'federation_issuer',
    r.federation_issuer, 'federation_subject', r.federation_subject)
  FROM Jobs AS r WHERE r.job_id = NEW.job_id AND r.job_id <> OLD.job_id;
END;
CREATE TRIGGER Jobs_audit_update AFTER UPDATE ON Jobs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Jobs' AND (row_key = CAST(NEW.job_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Jobs AS r WHERE r.job_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Jobs', NEW.job_id,
    json_object('job_id', OLD.job_id, 'name', OLD.name, 'environment', OLD.environment, 'kind', OLD.kind,
    'priority', OLD.priority, 'enabled', json(iif(OLD.enabled, 'true', 'false')), 'owner', OLD.owner,
    'schedule', OLD.schedule, 'schedule_time_zone', OLD.schedule_time_zone, 'model', OLD.model, 'task_path',
    OLD.task_path, 'federation_issuer', OLD.federation_issuer, 'federation_subject', OLD.federation_subject),
    json_object('job_id', NEW.job_id, 'name', NEW.name, 'environment', NEW.environment, 'kind', NEW.kind,
    'priority', NEW.priority, 'enabled', json(iif(NEW.enabled, 'true', 'false')), 'owner', NEW.owner,
    'schedule', NEW.schedule, 'schedule_time_zone', NEW.schedule_time_zone, 'model', NEW.model, 'task_path',
    NEW.task_path, 'federation_issuer', NEW.federation_issuer, 'federation_subject', NEW.federation_subject);
  DELETE FROM Audit_Replaced WHERE table_name = 'Jobs';
END;
CREATE TRIGGER Jobs_audit_delete AFTER DELETE ON Jobs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Jobs', OLD.job_id,
    json_object('job_id', OLD.job_id, 'name', OLD.name, 'environment', OLD.environment, 'kind', OLD.kind,
    'priority', OLD.priority, 'enabled', json(iif(OLD.enabled, 'true', 'false')), 'owner', OLD.owner,
    'schedule', OLD.schedule, 'schedule_time_zone', OLD.schedule_time_zone, 'model', OLD.model, 'task_path',
    OLD.task_path, 'federation_issuer', OLD.federation_issuer, 'federation_subject', OLD.federation_subject),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Jobs' AND row_key = OLD.job_id;
END;

DROP TRIGGER Cluster_Configs_audit_before_insert;
DROP TRIGGER Cluster_Configs_audit_insert;
DROP TRIGGER Cluster_Configs_audit_before_update;
DROP TRIGGER Cluster_Configs_audit_update;
DROP TRIGGER Cluster_Configs_audit_delete;
CREATE TRIGGER Cluster_Configs_audit_before_insert BEFORE INSERT ON Cluster_Configs BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Cluster_Configs', r.config_id,
    json_object('config_id', r.config_id, 'job_id', r.job_id, 'node_type', r.node_type, 'spark_version',
    r.spark_version, 'min_workers', r.min_workers, 'max_workers', r.max_workers, 'auto_termination_minutes',
    r.auto_termination_minutes, 'spot', json(iif(r.spot, 'true', 'false')))
  FROM Cluster_Configs AS r WHERE (r.config_id = NEW.config_id OR r.job_id = NEW.job_id);
END;
CREATE TRIGGER Cluster_Configs_audit_insert AFTER INSERT ON Cluster_Configs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Cluster_Configs' AND row_key <> NEW.config_id
    AND NOT EXISTS (SELECT 1 FROM Cluster_Configs AS r WHERE r.config_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Cluster_Configs', NEW.config_id,
    p.before_values,
    json_object('config_id', NEW.config_id, 'job_id', NEW.job_id, 'node_type', NEW.node_type, 'spark_version',
    NEW.spark_version, 'min_workers', NEW.min_workers, 'max_workers', NEW.max_workers,
    'auto_termination_minutes', NEW.auto_termination_minutes, 'spot', json(iif(NEW.spot, 'true', 'false')))
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Cluster_Configs' AND p.row_key = NEW.config_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs';
END;
CREATE TRIGGER Cluster_Configs_audit_before_update BEFORE UPDATE ON Cluster_Configs BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Cluster_Configs', r.config_id,
    json_object('config_id', r.config_id, 'job_id', r.job_id, 'node_type', r.node_type, 'spark_version',
    r.spark_version, 'min_workers', r.min_workers, 'max_workers', r.max_workers, 'auto_termination_minutes',
    r.auto_termination_minutes, 'spot', json(iif(r.spot, 'true', 'false')))
  FROM Cluster_Configs AS r WHERE (r.config_id = NEW.config_id OR r.job_id = NEW.job_id) AND r.config_id <> OLD.config_id;
END;
CREATE TRIGGER Cluster_Configs_audit_update AFTER UPDATE ON Cluster_Configs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Cluster_Configs' AND (row_key = CAST(NEW.config_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Cluster_Configs AS r WHERE r.config_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Cluster_Configs', NEW.config_id,
    json_object('config_id', OLD.config_id, 'job_id', OLD.job_id, 'node_type', OLD.node_type, 'spark_version',
    OLD.spark_version, 'min_workers', OLD.min_workers, 'max_workers', OLD.max_workers,
    'auto_termination_minutes', OLD.auto_termination_minutes, 'spot', json(iif(OLD.spot, 'true', 'false'))),
    json_object('config_id', NEW.config_id, 'job_id', NEW.job_id, 'node_type', NEW.node_type, 'spark_version',
    NEW.spark_version, 'min_workers', NEW.min_workers, 'max_workers', NEW.max_workers,
    'auto_termination_minutes', NEW.auto_termination_minutes, 'spot', json(iif(NEW.spot, 'true', 'false')));
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs';
END;
CREATE TRIGGER Cluster_Configs_audit_delete AFTER DELETE ON Cluster_Configs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Cluster_Configs', OLD.config_id,
    json_object('config_id', OLD.config_id, 'job_id', OLD.job_id, 'node_type', OLD.node_type, 'spark_version',
    OLD.spark_version, 'min_workers', OLD.min_workers, 'max_workers', OLD.max_workers,
    'auto_termination_minutes', OLD.auto_termination_minutes, 'spot', json(iif(OLD.spot, 'true', 'false'))),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs' AND row_key = OLD.config_id;
END;

CREATE TRIGGER Guardrail_Exceptions_audit_before_insert BEFORE INSERT ON Guardrail_Exceptions BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Guardrail_Exceptions', r.exception_id,
    json_object('exception_id', r.exception_id, 'job_id', r.job_id, 'guardrail', r.guardrail, 'subject',
    r.subject, 'reason', r.reason, 'expires_at', r.expires_at)
  FROM Guardrail_Exceptions AS r WHERE r.exception_id = NEW.exception_id;
END;
CREATE TRIGGER Guardrail_Exceptions_audit_insert AFTER INSERT ON Guardrail_Exceptions BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Guardrail_Exceptions' AND row_key <> NEW.exception_id
    AND NOT EXISTS (SELECT 1 FROM Guardrail_Exceptions AS r WHERE r.exception_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Guardrail_Exceptions', NEW.exception_id,
    p.before_values,
    json_object('exception_id', NEW.exception_id, 'job_id', NEW.job_id, 'guardrail', NEW.guardrail, 'subject',
    NEW.subject, 'reason', NEW.reason, 'expires_at', NEW.expires_at)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Guardrail_Exceptions' AND p.row_key = NEW.exception_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions';
END;
CREATE TRIGGER Guardrail_Exceptions_audit_before_update BEFORE UPDATE ON Guardrail_Exceptions BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Guardrail_Exceptions', r.exception_id,
    json_object('exception_id', r.exception_id, 'job_id', r.job_id, 'guardrail', r.guardrail, 'subject',
    r.subject, 'reason', r.reason, 'expires_at', r.expires_at)
  FROM Guardrail_Exceptions AS r WHERE r.exception_id = NEW.exception_id AND r.exception_id <> OLD.exception_id;
END;
CREATE TRIGGER Guardrail_Exceptions_audit_update AFTER UPDATE ON Guardrail_Exceptions BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Guardrail_Exceptions' AND (row_key = CAST(NEW.exception_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Guardrail_Exceptions AS r WHERE r.exception_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Guardrail_Exceptions', NEW.exception_id,
    json_object('exception_id', OLD.exception_id, 'job_id', OLD.job_id, 'guardrail', OLD.guardrail, 'subject',
    OLD.subject, 'reason', OLD.reason, 'expires_at', OLD.expires_at),
    json_object('exception_id', NEW.exception_id, 'job_id', NEW.job_id, 'guardrail', NEW.guardrail, 'subject',
    NEW.subject, 'reason', NEW.reason, 'expires_at', NEW.expires_at);
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions';
END;
CREATE TRIGGER Guardrail_Exceptions_audit_delete AFTER DELETE ON Guardrail_Exceptions BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Guardrail_Exceptions', OLD.exception_id,
    json_object('exception_id', OLD.exception_id, 'job_id', OLD.job_id, 'guardrail', OLD.guardrail, 'subject',
    OLD.subject, 'reason', OLD.reason, 'expires_at', OLD.expires_at),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions' AND row_key = OLD.exception_id;
END;

-- ---------------------------------------------------------------- the service's own
-- What probes of private endpoints found.
CREATE TABLE Probe_Results (
  number INTEGER PRIMARY KEY,                         -- order of recording
  stack TEXT NOT NULL,                                -- e.g. network-eastus-databricks
  endpoint TEXT NOT NULL,                             -- e.g. pe-databricks-eastus
  at TEXT NOT NULL,
  run_id TEXT,                                        -- after which run; NULL: somebody asked
  status TEXT NOT NULL,                               -- ok, failed or unknown
  failed_layer TEXT,                                  -- e.g. dns; NULL: none
  reason TEXT,
  message TEXT,
  layers TEXT NOT NULL CHECK (json_valid(layers)),    -- what was found at each layer that was looked at
  is_latest INTEGER NOT NULL CHECK (is_latest IN (0, 1)) -- 1: of its endpoint, as long as the stack exists
) STRICT;
CREATE UNIQUE INDEX Probe_Results_latest ON Probe_Results (stack, endpoint) WHERE is_latest = 1;
CREATE INDEX Probe_Results_stack ON Probe_Results (stack, number);
CREATE INDEX Probe_Results_endpoint ON Probe_Results (endpoint, number);
CREATE INDEX Probe_Results_old ON Probe_Results (at, number) WHERE is_latest = 0;

-- Alerts that fired, as the clouds told them. Fired -> Resolved.
CREATE TABLE Alert_Events (
  number INTEGER PRIMARY KEY,                         -- order of recording
  alert_id TEXT NOT NULL UNIQUE,                      -- the cloud's own
  rule_id TEXT NOT NULL,                              -- ARM id of the rule
  job_id INTEGER,                                     -- NULL: of no job
  metric TEXT,                                        -- e.g. model_accuracy
  severity INTEGER NOT NULL,                          -- 0 (critical) to 4
  state TEXT NOT NULL CHECK (state IN ('Fired', 'Resolved')),
  fired_at TEXT NOT NULL,                             -- this and resolved_at: the cloud's time
  resolved_at TEXT,
  description TEXT,
  essentials TEXT NOT NULL CHECK (json_valid(essentials)), -- what else the cloud told
  changed_at TEXT NOT NULL                            -- when it was last recorded, in database time
) STRICT;
CREATE INDEX Alert_Events_job ON Alert_Events (job_id, number);
CREATE INDEX Alert_Events_state ON Alert_Events (state, number);
CREATE INDEX Alert_Events_changed ON Alert_Events (changed_at, number);
