-- The SQLite schema that all migrations make together. Made from them by `npm run generate`, so that
-- what a migration does to the whole can be read in its diff; nothing runs this file.

CREATE TABLE Access_Policies (
  policy_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Access_Policies.policy_id must fit in 32 bits" CHECK (policy_id BETWEEN -2147483648 AND 2147483647),
  job_id INTEGER NOT NULL REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  role TEXT NOT NULL                                  -- our bundle of permissions, e.g. DataScientist
    CONSTRAINT "Access_Policies.role must be 1 to 128 characters" CHECK (length(role) BETWEEN 1 AND 128),
  permissions TEXT NOT NULL                           -- e.g. ["execute_inference","read_model"]
    CONSTRAINT "Access_Policies.permissions must be JSON" CHECK (json_valid(permissions)),
  entra_id_group TEXT NOT NULL                        -- display name, e.g. ds_team
    CONSTRAINT "Access_Policies.entra_id_group must be 1 to 256 characters" CHECK (length(entra_id_group) BETWEEN 1 AND 256),
  model TEXT                                          -- another model than the job's; NULL: the job's
    CONSTRAINT "Access_Policies.model must be at most 767 characters" CHECK (length(model) <= 767),
  expires_at TEXT                                     -- instant with a zone, e.g. 2026-12-31T00:00:00Z; NULL: never
    CONSTRAINT "Access_Policies.expires_at must be at most 64 characters" CHECK (length(expires_at) <= 64)
) STRICT;

CREATE INDEX Access_Policies_job ON Access_Policies (job_id);

CREATE INDEX Access_Policies_model ON Access_Policies (model) WHERE model IS NOT NULL;

CREATE TRIGGER Access_Policies_after_delete AFTER DELETE ON Access_Policies BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Access_Policies_after_insert AFTER INSERT ON Access_Policies BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;

CREATE TRIGGER Access_Policies_after_update AFTER UPDATE ON Access_Policies BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;

CREATE TRIGGER Access_Policies_audit_before_insert BEFORE INSERT ON Access_Policies BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Access_Policies';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Access_Policies', r.policy_id,
    json_object('policy_id', r.policy_id, 'job_id', r.job_id, 'role', r.role, 'permissions',
    json(r.permissions), 'entra_id_group', r.entra_id_group, 'model', r.model, 'expires_at', r.expires_at)
  FROM Access_Policies AS r WHERE r.policy_id = NEW.policy_id;
END;

CREATE TRIGGER Access_Policies_audit_before_update BEFORE UPDATE ON Access_Policies BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Access_Policies';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Access_Policies', r.policy_id,
    json_object('policy_id', r.policy_id, 'job_id', r.job_id, 'role', r.role, 'permissions',
    json(r.permissions), 'entra_id_group', r.entra_id_group, 'model', r.model, 'expires_at', r.expires_at)
  FROM Access_Policies AS r WHERE r.policy_id = NEW.policy_id AND r.policy_id <> OLD.policy_id;
END;

CREATE TRIGGER Access_Policies_audit_delete AFTER DELETE ON Access_Policies BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Access_Policies', OLD.policy_id,
    json_object('policy_id', OLD.policy_id, 'job_id', OLD.job_id, 'role', OLD.role, 'permissions',
    json(OLD.permissions), 'entra_id_group', OLD.entra_id_group, 'model', OLD.model, 'expires_at',
    OLD.expires_at),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Access_Policies' AND row_key = OLD.policy_id;
END;

CREATE TRIGGER Access_Policies_audit_insert AFTER INSERT ON Access_Policies BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Access_Policies' AND row_key <> NEW.policy_id
    AND NOT EXISTS (SELECT 1 FROM Access_Policies AS r WHERE r.policy_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Access_Policies', NEW.policy_id,
    p.before_values,
    json_object('policy_id', NEW.policy_id, 'job_id', NEW.job_id, 'role', NEW.role, 'permissions',
    json(NEW.permissions), 'entra_id_group', NEW.entra_id_group, 'model', NEW.model, 'expires_at',
    NEW.expires_at)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Access_Policies' AND p.row_key = NEW.policy_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Access_Policies';
END;

CREATE TRIGGER Access_Policies_audit_update AFTER UPDATE ON Access_Policies BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Access_Policies' AND (row_key = CAST(NEW.policy_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Access_Policies AS r WHERE r.policy_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Access_Policies', NEW.policy_id,
    json_object('policy_id', OLD.policy_id, 'job_id', OLD.job_id, 'role', OLD.role, 'permissions',
    json(OLD.permissions), 'entra_id_group', OLD.entra_id_group, 'model', OLD.model, 'expires_at',
    OLD.expires_at),
    json_object('policy_id', NEW.policy_id, 'job_id', NEW.job_id, 'role', NEW.role, 'permissions',
    json(NEW.permissions), 'entra_id_group', NEW.entra_id_group, 'model', NEW.model, 'expires_at',
    NEW.expires_at);
  DELETE FROM Audit_Replaced WHERE table_name = 'Access_Policies';
END;

CREATE TRIGGER Access_Policies_before_insert BEFORE INSERT ON Access_Policies BEGIN
  SELECT RAISE(ABORT, 'Access_Policies.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Access_Policies WHERE policy_id = NEW.policy_id; END;

CREATE TRIGGER Access_Policies_before_update BEFORE UPDATE ON Access_Policies BEGIN
  SELECT RAISE(ABORT, 'Access_Policies.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Access_Policies WHERE policy_id = NEW.policy_id AND policy_id <> OLD.policy_id; END;

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

CREATE INDEX Alert_Events_changed ON Alert_Events (changed_at, number);

CREATE INDEX Alert_Events_job ON Alert_Events (job_id, number);

CREATE INDEX Alert_Events_state ON Alert_Events (state, number);

CREATE TABLE Alert_Rules (
  -- Number of the row. E.g. 17
  alert_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Alert_Rules.alert_id must fit in 32 bits" CHECK (alert_id BETWEEN -2147483648 AND 2147483647),
  -- The job that the row belongs to; the row goes with it. E.g. 201
  job_id INTEGER NOT NULL REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  -- What is measured, e.g. model_accuracy, drift, pipeline_failures. E.g. model_accuracy
  metric TEXT NOT NULL
    CONSTRAINT "Alert_Rules.metric must be 1 to 64 characters" CHECK (length(metric) BETWEEN 1 AND 64),
  -- LessThan, GreaterThan, LessThanOrEqual or GreaterThanOrEqual. E.g. LessThan
  operator TEXT NOT NULL DEFAULT 'LessThan'
    CONSTRAINT "Alert_Rules.operator must be 1 to 32 characters" CHECK (length(operator) BETWEEN 1 AND 32),
  -- The value it is compared with, in the metric's own unit (accuracy: 0 to 1). E.g. 0.85
  threshold REAL NOT NULL,
  -- Minutes that are looked at together. E.g. 60
  window_minutes INTEGER NOT NULL DEFAULT 60
    CONSTRAINT "Alert_Rules.window_minutes must be 1 or more" CHECK (window_minutes BETWEEN 1 AND 2147483647),
  -- Minutes between two evaluations. E.g. 15
  frequency_minutes INTEGER NOT NULL DEFAULT 15
    CONSTRAINT "Alert_Rules.frequency_minutes must be 1 or more" CHECK (frequency_minutes BETWEEN 1 AND 2147483647),
  -- 0 (critical) to 4 (verbose). E.g. 2
  severity INTEGER NOT NULL DEFAULT 2
    CONSTRAINT "Alert_Rules.severity must be 0 to 4" CHECK (severity BETWEEN 0 AND 4),
  -- alert: no value in the window alerts too; ignore: it does not. E.g. alert
  missing_data TEXT NOT NULL DEFAULT 'alert'
    CONSTRAINT "Alert_Rules.missing_data must be 1 to 32 characters" CHECK (length(missing_data) BETWEEN 1 AND 32),
  -- false: nobody is told. E.g. true
  enabled INTEGER NOT NULL DEFAULT 1
    CONSTRAINT "Alert_Rules.enabled must be 0 or 1" CHECK (enabled IN (0, 1))
) STRICT;

CREATE INDEX Alert_Rules_job ON Alert_Rules (job_id);

CREATE TRIGGER Alert_Rules_after_delete AFTER DELETE ON Alert_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id);
END;

CREATE TRIGGER Alert_Rules_after_insert AFTER INSERT ON Alert_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id);
END;

CREATE TRIGGER Alert_Rules_after_update AFTER UPDATE ON Alert_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id;
END;

CREATE TRIGGER Alert_Rules_audit_before_insert BEFORE INSERT ON Alert_Rules BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Alert_Rules';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Alert_Rules', r.alert_id,
    json_object('alert_id', r.alert_id, 'job_id', r.job_id, 'metric', r.metric, 'operator', r.operator,
    'threshold', r.threshold, 'window_minutes', r.window_minutes, 'frequency_minutes', r.frequency_minutes,
    'severity', r.severity, 'missing_data', r.missing_data, 'enabled', json(iif(r.enabled, 'true', 'false')))
  FROM Alert_Rules AS r WHERE r.alert_id = NEW.alert_id;
END;

CREATE TRIGGER Alert_Rules_audit_before_update BEFORE UPDATE ON Alert_Rules BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Alert_Rules';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Alert_Rules', r.alert_id,
    json_object('alert_id', r.alert_id, 'job_id', r.job_id, 'metric', r.metric, 'operator', r.operator,
    'threshold', r.threshold, 'window_minutes', r.window_minutes, 'frequency_minutes', r.frequency_minutes,
    'severity', r.severity, 'missing_data', r.missing_data, 'enabled', json(iif(r.enabled, 'true', 'false')))
  FROM Alert_Rules AS r WHERE r.alert_id = NEW.alert_id AND r.alert_id <> OLD.alert_id;
END;

CREATE TRIGGER Alert_Rules_audit_delete AFTER DELETE ON Alert_Rules BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Alert_Rules', OLD.alert_id,
    json_object('alert_id', OLD.alert_id, 'job_id', OLD.job_id, 'metric', OLD.metric, 'operator', OLD.operator,
    'threshold', OLD.threshold, 'window_minutes', OLD.window_minutes, 'frequency_minutes',
    OLD.frequency_minutes, 'severity', OLD.severity, 'missing_data', OLD.missing_data, 'enabled',
    json(iif(OLD.enabled, 'true', 'false'))),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Alert_Rules' AND row_key = OLD.alert_id;
END;

CREATE TRIGGER Alert_Rules_audit_insert AFTER INSERT ON Alert_Rules BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Alert_Rules' AND row_key <> NEW.alert_id
    AND NOT EXISTS (SELECT 1 FROM Alert_Rules AS r WHERE r.alert_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Alert_Rules', NEW.alert_id,
    p.before_values,
    json_object('alert_id', NEW.alert_id, 'job_id', NEW.job_id, 'metric', NEW.metric, 'operator', NEW.operator,
    'threshold', NEW.threshold, 'window_minutes', NEW.window_minutes, 'frequency_minutes',
    NEW.frequency_minutes, 'severity', NEW.severity, 'missing_data', NEW.missing_data, 'enabled',
    json(iif(NEW.enabled, 'true', 'false')))
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Alert_Rules' AND p.row_key = NEW.alert_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Alert_Rules';
END;

CREATE TRIGGER Alert_Rules_audit_update AFTER UPDATE ON Alert_Rules BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Alert_Rules' AND (row_key = CAST(NEW.alert_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Alert_Rules AS r WHERE r.alert_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Alert_Rules', NEW.alert_id,
    json_object('alert_id', OLD.alert_id, 'job_id', OLD.job_id, 'metric', OLD.metric, 'operator', OLD.operator,
    'threshold', OLD.threshold, 'window_minutes', OLD.window_minutes, 'frequency_minutes',
    OLD.frequency_minutes, 'severity', OLD.severity, 'missing_data', OLD.missing_data, 'enabled',
    json(iif(OLD.enabled, 'true', 'false'))),
    json_object('alert_id', NEW.alert_id, 'job_id', NEW.job_id, 'metric', NEW.metric, 'operator', NEW.operator,
    'threshold', NEW.threshold, 'window_minutes', NEW.window_minutes, 'frequency_minutes',
    NEW.frequency_minutes, 'severity', NEW.severity, 'missing_data', NEW.missing_data, 'enabled',
    json(iif(NEW.enabled, 'true', 'false')));
  DELETE FROM Audit_Replaced WHERE table_name = 'Alert_Rules';
END;

CREATE TRIGGER Alert_Rules_before_insert BEFORE INSERT ON Alert_Rules BEGIN
  SELECT RAISE(ABORT, 'Alert_Rules.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Alert_Rules WHERE alert_id = NEW.alert_id;
END;

CREATE TRIGGER Alert_Rules_before_update BEFORE UPDATE ON Alert_Rules BEGIN
  SELECT RAISE(ABORT, 'Alert_Rules.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Alert_Rules WHERE alert_id = NEW.alert_id AND alert_id <> OLD.alert_id;
END;

CREATE TABLE Approvals (
  approval_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,                                 -- addition, update-plan or breaker
  subject TEXT NOT NULL,                              -- job:201, environment:eastus or a stack's name
  hash TEXT NOT NULL,                                 -- of exactly what is approved; anything else needs its own
  reason TEXT NOT NULL,                               -- why it is asked
  status TEXT NOT NULL DEFAULT 'asked',
  asked_at TEXT NOT NULL,
  asked_by TEXT NOT NULL,                             -- whose edit led to it
  decided_at TEXT,
  decided_by TEXT,                                    -- never asked_by
  comment TEXT,
  expires_at TEXT,
  CHECK (status IN ('asked', 'approved', 'rejected', 'expired')),
  CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
  CHECK (decided_by <> asked_by)
) STRICT, WITHOUT ROWID;

CREATE INDEX Approvals_asked ON Approvals (subject) WHERE status = 'asked';

CREATE TABLE Audit_Context (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  actor TEXT NOT NULL,
  actor_kind TEXT NOT NULL
) STRICT;

CREATE VIEW Audit_Events AS SELECT action, table_name, row_key, before_values, after_values FROM Audit_Logs;

CREATE TRIGGER Audit_Events_insert INSTEAD OF INSERT ON Audit_Events BEGIN
  INSERT INTO Audit_Logs (at, actor, actor_kind, action, table_name, row_key, before_values, after_values)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), coalesce((SELECT actor FROM Audit_Context), 'sqlite'),
    coalesce((SELECT actor_kind FROM Audit_Context), 'login'), NEW.action, NEW.table_name, NEW.row_key,
    NEW.before_values, NEW.after_values;
END;

CREATE TABLE Audit_Logs (
  event_id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,                                   -- database time
  actor TEXT NOT NULL,                                -- who: a person, the service, or 'sqlite' for whoever holds the file
  actor_kind TEXT NOT NULL,                           -- person, service or login
  action TEXT NOT NULL,                               -- insert, update or delete
  table_name TEXT NOT NULL,                           -- e.g. Access_Policies
  row_key TEXT NOT NULL,                              -- e.g. 17
  -- the row by column; NULL: it was not there, or is gone. SQLite before 3.45 calls NULL no valid JSON.
  before_values TEXT CHECK (before_values IS NULL OR json_valid(before_values)),
  after_values TEXT CHECK (after_values IS NULL OR json_valid(after_values))
) STRICT;

CREATE INDEX Audit_Logs_row ON Audit_Logs (table_name, row_key, event_id);

CREATE TRIGGER Audit_Logs_before_delete BEFORE DELETE ON Audit_Logs BEGIN
  SELECT RAISE(ABORT, 'Audit_Logs is append-only: an event cannot be deleted');
END;

CREATE TRIGGER Audit_Logs_before_insert BEFORE INSERT ON Audit_Logs BEGIN
  SELECT RAISE(ABORT, 'Audit_Logs is append-only: an event cannot be replaced')
    WHERE EXISTS (SELECT 1 FROM Audit_Logs WHERE event_id = NEW.event_id);
END;

CREATE TRIGGER Audit_Logs_before_update BEFORE UPDATE ON Audit_Logs BEGIN
  SELECT RAISE(ABORT, 'Audit_Logs is append-only: an event cannot be changed');
END;

CREATE TABLE Audit_Replaced (
  table_name TEXT NOT NULL,
  row_key TEXT NOT NULL,
  before_values TEXT NOT NULL,
  PRIMARY KEY (table_name, row_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE Cluster_Configs (
  config_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Cluster_Configs.config_id must fit in 32 bits" CHECK (config_id BETWEEN -2147483648 AND 2147483647),
  job_id INTEGER NOT NULL UNIQUE REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  node_type TEXT                                      -- NULL: the environment's default
    CONSTRAINT "Cluster_Configs.node_type must be at most 128 characters" CHECK (length(node_type) <= 128),
  spark_version TEXT
    CONSTRAINT "Cluster_Configs.spark_version must be at most 128 characters" CHECK (length(spark_version) <= 128),
  min_workers INTEGER NOT NULL DEFAULT 1
    CONSTRAINT "Cluster_Configs.min_workers must be 0 or more" CHECK (min_workers BETWEEN 0 AND 2147483647),
  max_workers INTEGER NOT NULL DEFAULT 4
    CONSTRAINT "Cluster_Configs.max_workers must be 0 or more" CHECK (max_workers BETWEEN 0 AND 2147483647), auto_termination_minutes INTEGER NOT NULL DEFAULT 30
  CONSTRAINT "Cluster_Configs.auto_termination_minutes must be 0 or more" CHECK (auto_termination_minutes BETWEEN 0 AND 2147483647), spot INTEGER NOT NULL DEFAULT 1
  CONSTRAINT "Cluster_Configs.spot must be 0 or 1" CHECK (spot IN (0, 1)),
  CONSTRAINT "Cluster_Configs.max_workers must not be less than min_workers" CHECK (min_workers <= max_workers)
) STRICT;

CREATE TRIGGER Cluster_Configs_after_delete AFTER DELETE ON Cluster_Configs BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Cluster_Configs_after_insert AFTER INSERT ON Cluster_Configs BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;

CREATE TRIGGER Cluster_Configs_after_update AFTER UPDATE ON Cluster_Configs BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;

CREATE TRIGGER Cluster_Configs_audit_before_insert BEFORE INSERT ON Cluster_Configs BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Cluster_Configs', r.config_id,
    json_object('config_id', r.config_id, 'job_id', r.job_id, 'node_type', r.node_type, 'spark_version',
    r.spark_version, 'min_workers', r.min_workers, 'max_workers', r.max_workers, 'auto_termination_minutes',
    r.auto_termination_minutes, 'spot', json(iif(r.spot, 'true', 'false')))
  FROM Cluster_Configs AS r WHERE (r.config_id = NEW.config_id OR r.job_id = NEW.job_id);
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

CREATE TRIGGER Cluster_Configs_audit_delete AFTER DELETE ON Cluster_Configs BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Cluster_Configs', OLD.config_id,
    json_object('config_id', OLD.config_id, 'job_id', OLD.job_id, 'node_type', OLD.node_type, 'spark_version',
    OLD.spark_version, 'min_workers', OLD.min_workers, 'max_workers', OLD.max_workers,
    'auto_termination_minutes', OLD.auto_termination_minutes, 'spot', json(iif(OLD.spot, 'true', 'false'))),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Cluster_Configs' AND row_key = OLD.config_id;
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

CREATE TRIGGER Cluster_Configs_before_insert BEFORE INSERT ON Cluster_Configs BEGIN
  SELECT RAISE(ABORT, 'Cluster_Configs.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Cluster_Configs WHERE config_id = NEW.config_id; END;

CREATE TRIGGER Cluster_Configs_before_update BEFORE UPDATE ON Cluster_Configs BEGIN
  SELECT RAISE(ABORT, 'Cluster_Configs.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Cluster_Configs WHERE config_id = NEW.config_id AND config_id <> OLD.config_id; END;

CREATE TABLE Conditions (
  subject_kind TEXT NOT NULL,                         -- row, job, environment or stack
  subject_key TEXT NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,                               -- True, False or Unknown
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  since TEXT NOT NULL,                                -- when the status last changed
  resolved_subject TEXT,                              -- the subject whose resolution set it; NULL: set otherwise
  PRIMARY KEY (subject_kind, subject_key, type)
) STRICT, WITHOUT ROWID;

CREATE INDEX Conditions_resolved ON Conditions (resolved_subject) WHERE resolved_subject IS NOT NULL;

CREATE INDEX Conditions_type ON Conditions (subject_kind, type);

CREATE TABLE Contributions (
  subject TEXT NOT NULL,
  stack TEXT NOT NULL,                                -- e.g. access-eastus-ds_team
  kind TEXT NOT NULL,
  environment TEXT NOT NULL,
  base TEXT CHECK (json_valid(base)),                 -- NULL: a reference that it needs has no value yet
  wanted TEXT NOT NULL CHECK (json_valid(wanted)),
  admitted TEXT NOT NULL CHECK (json_valid(admitted)),
  urgent INTEGER NOT NULL CHECK (urgent IN (0, 1)),
  PRIMARY KEY (subject, stack)
) STRICT, WITHOUT ROWID;

CREATE INDEX Contributions_stack ON Contributions (stack, subject);

CREATE TABLE Data_Sources (
  -- Name that pipeline settings refer to. E.g. erp-orders
  name TEXT NOT NULL PRIMARY KEY
    CONSTRAINT "Data_Sources.name must be 1 to 128 characters" CHECK (length(name) BETWEEN 1 AND 128),
  -- sql-server, azure-sql, adls, blob, rest. E.g. sql-server
  kind TEXT NOT NULL
    CONSTRAINT "Data_Sources.kind must be 1 to 64 characters" CHECK (length(kind) BETWEEN 1 AND 64),
  -- Azure region or name of a site; picks the integration runtime. E.g. plant-lyon
  location TEXT NOT NULL
    CONSTRAINT "Data_Sources.location must be 1 to 128 characters" CHECK (length(location) BETWEEN 1 AND 128),
  -- Server, account or URL. NULL: the environment's own lake. E.g. sql01.lyon.contoso.example
  host TEXT
    CONSTRAINT "Data_Sources.host must be 1 to 256 characters" CHECK (length(host) BETWEEN 1 AND 256),
  -- Database or container. NULL: none. E.g. erp
  database_name TEXT
    CONSTRAINT "Data_Sources.database_name must be 1 to 128 characters" CHECK (length(database_name) BETWEEN 1 AND 128),
  -- Table, folder or query path in it. NULL: the whole of it. E.g. sales.orders
  path TEXT
    CONSTRAINT "Data_Sources.path must be 1 to 1024 characters" CHECK (length(path) BETWEEN 1 AND 1024),
  -- Vault that holds the credential. NULL: signs in by the factory's identity. E.g. ml-vault
  key_vault TEXT
    CONSTRAINT "Data_Sources.key_vault must be 1 to 512 characters" CHECK (length(key_vault) BETWEEN 1 AND 512),
  -- Name of the secret in that vault, never its value. NULL: signs in by the factory's identity. E.g. erp-reader
  secret_name TEXT
    CONSTRAINT "Data_Sources.secret_name must be 1 to 256 characters" CHECK (length(secret_name) BETWEEN 1 AND 256),
  -- Runtime to read it through. NULL: the runtime of the same location. E.g. ir-plant-lyon
  integration_runtime TEXT REFERENCES Integration_Runtimes (name)
    CONSTRAINT "Data_Sources.integration_runtime must be 1 to 63 characters" CHECK (length(integration_runtime) BETWEEN 1 AND 63),
  -- For people. NULL: none. E.g. Orders of the ERP
  description TEXT
    CONSTRAINT "Data_Sources.description must be at most 1024 characters" CHECK (length(description) <= 1024)
) STRICT, WITHOUT ROWID;

CREATE INDEX Data_Sources_location ON Data_Sources (location);

CREATE INDEX Data_Sources_runtime ON Data_Sources (integration_runtime) WHERE integration_runtime IS NOT NULL;

CREATE TRIGGER Data_Sources_after_delete AFTER DELETE ON Data_Sources BEGIN
  INSERT INTO Edited_Sources (name) VALUES (OLD.name);
END;

CREATE TRIGGER Data_Sources_after_insert AFTER INSERT ON Data_Sources BEGIN
  INSERT INTO Edited_Sources (name) VALUES (NEW.name);
END;

CREATE TRIGGER Data_Sources_after_update AFTER UPDATE ON Data_Sources BEGIN
  INSERT INTO Edited_Sources (name) SELECT OLD.name UNION SELECT NEW.name;
END;

CREATE TRIGGER Data_Sources_audit_before_insert BEFORE INSERT ON Data_Sources BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Data_Sources';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Data_Sources', r.name,
    json_object('name', r.name, 'kind', r.kind, 'location', r.location, 'host', r.host, 'database_name',
    r.database_name, 'path', r.path, 'key_vault', r.key_vault, 'secret_name', r.secret_name,
    'integration_runtime', r.integration_runtime, 'description', r.description)
  FROM Data_Sources AS r WHERE r.name = NEW.name;
END;

CREATE TRIGGER Data_Sources_audit_before_update BEFORE UPDATE ON Data_Sources BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Data_Sources';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Data_Sources', r.name,
    json_object('name', r.name, 'kind', r.kind, 'location', r.location, 'host', r.host, 'database_name',
    r.database_name, 'path', r.path, 'key_vault', r.key_vault, 'secret_name', r.secret_name,
    'integration_runtime', r.integration_runtime, 'description', r.description)
  FROM Data_Sources AS r WHERE r.name = NEW.name AND r.name <> OLD.name;
END;

CREATE TRIGGER Data_Sources_audit_delete AFTER DELETE ON Data_Sources BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Data_Sources', OLD.name,
    json_object('name', OLD.name, 'kind', OLD.kind, 'location', OLD.location, 'host', OLD.host, 'database_name',
    OLD.database_name, 'path', OLD.path, 'key_vault', OLD.key_vault, 'secret_name', OLD.secret_name,
    'integration_runtime', OLD.integration_runtime, 'description', OLD.description),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Data_Sources' AND row_key = OLD.name;
END;

CREATE TRIGGER Data_Sources_audit_insert AFTER INSERT ON Data_Sources BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Data_Sources' AND row_key <> NEW.name
    AND NOT EXISTS (SELECT 1 FROM Data_Sources AS r WHERE r.name = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Data_Sources', NEW.name,
    p.before_values,
    json_object('name', NEW.name, 'kind', NEW.kind, 'location', NEW.location, 'host', NEW.host, 'database_name',
    NEW.database_name, 'path', NEW.path, 'key_vault', NEW.key_vault, 'secret_name', NEW.secret_name,
    'integration_runtime', NEW.integration_runtime, 'description', NEW.description)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Data_Sources' AND p.row_key = NEW.name;
  DELETE FROM Audit_Replaced WHERE table_name = 'Data_Sources';
END;

CREATE TRIGGER Data_Sources_audit_update AFTER UPDATE ON Data_Sources BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Data_Sources' AND (row_key = CAST(NEW.name AS TEXT) OR NOT EXISTS (SELECT 1 FROM Data_Sources AS r WHERE r.name = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Data_Sources', NEW.name,
    json_object('name', OLD.name, 'kind', OLD.kind, 'location', OLD.location, 'host', OLD.host, 'database_name',
    OLD.database_name, 'path', OLD.path, 'key_vault', OLD.key_vault, 'secret_name', OLD.secret_name,
    'integration_runtime', OLD.integration_runtime, 'description', OLD.description),
    json_object('name', NEW.name, 'kind', NEW.kind, 'location', NEW.location, 'host', NEW.host, 'database_name',
    NEW.database_name, 'path', NEW.path, 'key_vault', NEW.key_vault, 'secret_name', NEW.secret_name,
    'integration_runtime', NEW.integration_runtime, 'description', NEW.description);
  DELETE FROM Audit_Replaced WHERE table_name = 'Data_Sources';
END;

CREATE TRIGGER Data_Sources_before_insert BEFORE INSERT ON Data_Sources BEGIN
  INSERT INTO Edited_Sources (name) SELECT name FROM Data_Sources WHERE name = NEW.name;
END;

CREATE TRIGGER Data_Sources_before_update BEFORE UPDATE ON Data_Sources BEGIN
  INSERT INTO Edited_Sources (name) SELECT name FROM Data_Sources WHERE name = NEW.name AND name <> OLD.name;
END;

CREATE VIEW Edited_Environments AS SELECT name, is_default FROM Environments;

CREATE TRIGGER Edited_Environments_insert INSTEAD OF INSERT ON Edited_Environments BEGIN
  INSERT INTO Touched_Environments (environment) VALUES (NEW.name);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Jobs WHERE environment = NEW.name;
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Jobs WHERE environment IS NULL AND NEW.is_default = 1;
END;

CREATE VIEW Edited_Models AS SELECT name FROM Models;

CREATE TRIGGER Edited_Models_insert INSTEAD OF INSERT ON Edited_Models BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Jobs WHERE model = NEW.name;
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Access_Policies WHERE model = NEW.name;
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Jobs
    WHERE model IS NULL AND substr(NEW.name, -5 - length(job_id)) = '.job_' || job_id
      AND job_id = CAST(substr(NEW.name, 1 + length(rtrim(NEW.name, '-0123456789'))) AS INTEGER);
END;

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

CREATE VIEW Edited_Sources AS SELECT name FROM Data_Sources;

CREATE TRIGGER Edited_Sources_insert INSTEAD OF INSERT ON Edited_Sources BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Pipeline_Settings WHERE data_source = NEW.name;
END;

CREATE TABLE Environment_Changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  environment TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE Environments (
  name TEXT NOT NULL PRIMARY KEY                      -- e.g. eastus; part of stack and resource names
    CONSTRAINT "Environments.name must be 2 to 12 of a-z and 0-9"
    CHECK (length(name) BETWEEN 2 AND 12 AND name NOT GLOB '*[^a-z0-9]*'),
  is_default INTEGER NOT NULL DEFAULT 0               -- 1 on at most one row: jobs that name no environment
    CONSTRAINT "Environments.is_default must be 0 or 1" CHECK (is_default IN (0, 1)),
  location TEXT NOT NULL                              -- Azure region, e.g. eastus
    CONSTRAINT "Environments.location must be 1 to 64 characters" CHECK (length(location) BETWEEN 1 AND 64),
  subscription_id TEXT NOT NULL                       -- GUID
    CONSTRAINT "Environments.subscription_id must be a GUID of 36 characters" CHECK (length(subscription_id) = 36),
  tenant_id TEXT NOT NULL                             -- GUID of the Entra tenant
    CONSTRAINT "Environments.tenant_id must be a GUID of 36 characters" CHECK (length(tenant_id) = 36),
  resource_group TEXT NOT NULL                        -- 90 characters is Azure's limit
    CONSTRAINT "Environments.resource_group must be 1 to 90 characters" CHECK (length(resource_group) BETWEEN 1 AND 90),
  address_space TEXT NOT NULL                         -- IPv4 CIDR of the VNet, e.g. 10.20.0.0/22
    CONSTRAINT "Environments.address_space must be at most 64 characters" CHECK (length(address_space) <= 64),
  key_vault_id TEXT                                   -- ARM id of an existing vault; NULL: one is made
    CONSTRAINT "Environments.key_vault_id must be at most 512 characters" CHECK (length(key_vault_id) <= 512),
  catalog_name TEXT NOT NULL DEFAULT 'ml'             -- Unity Catalog catalog and schema of the jobs' models
    CONSTRAINT "Environments.catalog_name must be 1 to 255 characters" CHECK (length(catalog_name) BETWEEN 1 AND 255),
  schema_name TEXT NOT NULL DEFAULT 'models'
    CONSTRAINT "Environments.schema_name must be 1 to 255 characters" CHECK (length(schema_name) BETWEEN 1 AND 255),
  default_node_type TEXT NOT NULL DEFAULT 'Standard_D4ds_v5'
    CONSTRAINT "Environments.default_node_type must be 1 to 128 characters" CHECK (length(default_node_type) BETWEEN 1 AND 128),
  default_spark_version TEXT NOT NULL DEFAULT '16.4.x-scala2.12'
    CONSTRAINT "Environments.default_spark_version must be 1 to 128 characters" CHECK (length(default_spark_version) BETWEEN 1 AND 128),
  service_address TEXT NOT NULL                       -- this service's own address for Databricks, e.g. 203.0.113.7/32
    CONSTRAINT "Environments.service_address must be at most 64 characters" CHECK (length(service_address) <= 64),
  own_group TEXT                                      -- display name of an Entra group to make; NULL: none
    CONSTRAINT "Environments.own_group must be at most 256 characters" CHECK (length(own_group) <= 256),
  own_group_members TEXT NOT NULL DEFAULT '[]'        -- user principal names, e.g. ["ana@example.com"]
    CONSTRAINT "Environments.own_group_members must be JSON" CHECK (json_valid(own_group_members))
, production INTEGER NOT NULL DEFAULT 1
  CONSTRAINT "Environments.production must be 0 or 1" CHECK (production IN (0, 1)), deletion_protection INTEGER NOT NULL DEFAULT 1
  CONSTRAINT "Environments.deletion_protection must be 0 or 1" CHECK (deletion_protection IN (0, 1)), existing_resources TEXT NOT NULL DEFAULT '{}'
  CONSTRAINT "Environments.existing_resources must be JSON" CHECK (json_valid(existing_resources)), databricks_account_id TEXT
  CONSTRAINT "Environments.databricks_account_id must be a GUID of 36 characters" CHECK (length(databricks_account_id) = 36), service_url TEXT
  CONSTRAINT "Environments.service_url must be 1 to 256 characters" CHECK (length(service_url) BETWEEN 1 AND 256), alert_emails TEXT NOT NULL DEFAULT '[]'
  CONSTRAINT "Environments.alert_emails must be JSON" CHECK (json_valid(alert_emails))) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX Environments_default ON Environments (is_default) WHERE is_default = 1;

CREATE TRIGGER Environments_after_delete AFTER DELETE ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default) VALUES (OLD.name, OLD.is_default);
END;

CREATE TRIGGER Environments_after_insert AFTER INSERT ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default) VALUES (NEW.name, NEW.is_default);
  UPDATE Service_State SET ever_filled = 1 WHERE ever_filled = 0;
END;

CREATE TRIGGER Environments_after_update AFTER UPDATE ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default)
    SELECT OLD.name, OLD.is_default UNION SELECT NEW.name, NEW.is_default;
END;

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

CREATE TRIGGER Environments_before_insert BEFORE INSERT ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default)
    SELECT name, is_default FROM Environments WHERE name = NEW.name OR (is_default = 1 AND NEW.is_default = 1);
END;

CREATE TRIGGER Environments_before_update BEFORE UPDATE ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default)
    SELECT name, is_default FROM Environments
    WHERE name <> OLD.name AND (name = NEW.name OR (is_default = 1 AND NEW.is_default = 1));
END;

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

CREATE TRIGGER Guardrail_Exceptions_after_delete AFTER DELETE ON Guardrail_Exceptions BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id);
END;

CREATE TRIGGER Guardrail_Exceptions_after_insert AFTER INSERT ON Guardrail_Exceptions BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id);
END;

CREATE TRIGGER Guardrail_Exceptions_after_update AFTER UPDATE ON Guardrail_Exceptions BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id;
END;

CREATE TRIGGER Guardrail_Exceptions_audit_before_insert BEFORE INSERT ON Guardrail_Exceptions BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Guardrail_Exceptions', r.exception_id,
    json_object('exception_id', r.exception_id, 'job_id', r.job_id, 'guardrail', r.guardrail, 'subject',
    r.subject, 'reason', r.reason, 'expires_at', r.expires_at)
  FROM Guardrail_Exceptions AS r WHERE r.exception_id = NEW.exception_id;
END;

CREATE TRIGGER Guardrail_Exceptions_audit_before_update BEFORE UPDATE ON Guardrail_Exceptions BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Guardrail_Exceptions', r.exception_id,
    json_object('exception_id', r.exception_id, 'job_id', r.job_id, 'guardrail', r.guardrail, 'subject',
    r.subject, 'reason', r.reason, 'expires_at', r.expires_at)
  FROM Guardrail_Exceptions AS r WHERE r.exception_id = NEW.exception_id AND r.exception_id <> OLD.exception_id;
END;

CREATE TRIGGER Guardrail_Exceptions_audit_delete AFTER DELETE ON Guardrail_Exceptions BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Guardrail_Exceptions', OLD.exception_id,
    json_object('exception_id', OLD.exception_id, 'job_id', OLD.job_id, 'guardrail', OLD.guardrail, 'subject',
    OLD.subject, 'reason', OLD.reason, 'expires_at', OLD.expires_at),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Guardrail_Exceptions' AND row_key = OLD.exception_id;
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

CREATE TRIGGER Guardrail_Exceptions_before_insert BEFORE INSERT ON Guardrail_Exceptions BEGIN
  SELECT RAISE(ABORT, 'Guardrail_Exceptions.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Guardrail_Exceptions WHERE exception_id = NEW.exception_id;
END;

CREATE TRIGGER Guardrail_Exceptions_before_update BEFORE UPDATE ON Guardrail_Exceptions BEGIN
  SELECT RAISE(ABORT, 'Guardrail_Exceptions.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Guardrail_Exceptions
    WHERE exception_id = NEW.exception_id AND exception_id <> OLD.exception_id;
END;

CREATE TABLE Integration_Runtimes (
  -- Name in Data Factory. E.g. ir-plant-lyon
  name TEXT NOT NULL PRIMARY KEY
    CONSTRAINT "Integration_Runtimes.name must be 1 to 63 characters" CHECK (length(name) BETWEEN 1 AND 63),
  -- Environment whose factory it belongs to. NULL: the default environment. E.g. weu
  environment TEXT REFERENCES Environments (name)
    CONSTRAINT "Integration_Runtimes.environment must be 1 to 12 characters" CHECK (length(environment) BETWEEN 1 AND 12),
  -- managed (in the factory's managed network) or self-hosted. E.g. self-hosted
  kind TEXT NOT NULL
    CONSTRAINT "Integration_Runtimes.kind must be 1 to 64 characters" CHECK (length(kind) BETWEEN 1 AND 64),
  -- What it reaches: an Azure region, or the name of a site. A data source of the same location is read through it. E.g. plant-lyon
  location TEXT NOT NULL
    CONSTRAINT "Integration_Runtimes.location must be 1 to 128 characters" CHECK (length(location) BETWEEN 1 AND 128),
  -- Cores of a managed runtime's data flows. NULL: 8. E.g. 8
  core_count INTEGER
    CONSTRAINT "Integration_Runtimes.core_count must be 1 or more" CHECK (core_count BETWEEN 1 AND 2147483647),
  -- Minutes that a managed runtime stays warm after its last use. E.g. 10
  time_to_live_minutes INTEGER NOT NULL DEFAULT 10
    CONSTRAINT "Integration_Runtimes.time_to_live_minutes must be 0 or more" CHECK (time_to_live_minutes BETWEEN 0 AND 2147483647),
  -- false: no job is given this runtime. E.g. true
  enabled INTEGER NOT NULL DEFAULT 1
    CONSTRAINT "Integration_Runtimes.enabled must be 0 or 1" CHECK (enabled IN (0, 1)),
  -- For people. NULL: none. E.g. Line PLCs of the Lyon plant
  description TEXT
    CONSTRAINT "Integration_Runtimes.description must be at most 1024 characters" CHECK (length(description) <= 1024)
) STRICT, WITHOUT ROWID;

CREATE INDEX Integration_Runtimes_default ON Integration_Runtimes (name) WHERE environment IS NULL;

CREATE INDEX Integration_Runtimes_environment ON Integration_Runtimes (environment) WHERE environment IS NOT NULL;

CREATE TRIGGER Integration_Runtimes_after_delete AFTER DELETE ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment) VALUES (OLD.name, OLD.location, OLD.environment);
END;

CREATE TRIGGER Integration_Runtimes_after_insert AFTER INSERT ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment) VALUES (NEW.name, NEW.location, NEW.environment);
END;

CREATE TRIGGER Integration_Runtimes_after_update AFTER UPDATE ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment)
    SELECT OLD.name, OLD.location, OLD.environment UNION SELECT NEW.name, NEW.location, NEW.environment;
END;

CREATE TRIGGER Integration_Runtimes_audit_before_insert BEFORE INSERT ON Integration_Runtimes BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Integration_Runtimes';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Integration_Runtimes', r.name,
    json_object('name', r.name, 'environment', r.environment, 'kind', r.kind, 'location', r.location,
    'core_count', r.core_count, 'time_to_live_minutes', r.time_to_live_minutes, 'enabled', json(iif(r.enabled,
    'true', 'false')), 'description', r.description)
  FROM Integration_Runtimes AS r WHERE r.name = NEW.name;
END;

CREATE TRIGGER Integration_Runtimes_audit_before_update BEFORE UPDATE ON Integration_Runtimes BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Integration_Runtimes';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Integration_Runtimes', r.name,
    json_object('name', r.name, 'environment', r.environment, 'kind', r.kind, 'location', r.location,
    'core_count', r.core_count, 'time_to_live_minutes', r.time_to_live_minutes, 'enabled', json(iif(r.enabled,
    'true', 'false')), 'description', r.description)
  FROM Integration_Runtimes AS r WHERE r.name = NEW.name AND r.name <> OLD.name;
END;

CREATE TRIGGER Integration_Runtimes_audit_delete AFTER DELETE ON Integration_Runtimes BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Integration_Runtimes', OLD.name,
    json_object('name', OLD.name, 'environment', OLD.environment, 'kind', OLD.kind, 'location', OLD.location,
    'core_count', OLD.core_count, 'time_to_live_minutes', OLD.time_to_live_minutes, 'enabled',
    json(iif(OLD.enabled, 'true', 'false')), 'description', OLD.description),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Integration_Runtimes' AND row_key = OLD.name;
END;

CREATE TRIGGER Integration_Runtimes_audit_insert AFTER INSERT ON Integration_Runtimes BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Integration_Runtimes' AND row_key <> NEW.name
    AND NOT EXISTS (SELECT 1 FROM Integration_Runtimes AS r WHERE r.name = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Integration_Runtimes', NEW.name,
    p.before_values,
    json_object('name', NEW.name, 'environment', NEW.environment, 'kind', NEW.kind, 'location', NEW.location,
    'core_count', NEW.core_count, 'time_to_live_minutes', NEW.time_to_live_minutes, 'enabled',
    json(iif(NEW.enabled, 'true', 'false')), 'description', NEW.description)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Integration_Runtimes' AND p.row_key = NEW.name;
  DELETE FROM Audit_Replaced WHERE table_name = 'Integration_Runtimes';
END;

CREATE TRIGGER Integration_Runtimes_audit_update AFTER UPDATE ON Integration_Runtimes BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Integration_Runtimes' AND (row_key = CAST(NEW.name AS TEXT) OR NOT EXISTS (SELECT 1 FROM Integration_Runtimes AS r WHERE r.name = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Integration_Runtimes', NEW.name,
    json_object('name', OLD.name, 'environment', OLD.environment, 'kind', OLD.kind, 'location', OLD.location,
    'core_count', OLD.core_count, 'time_to_live_minutes', OLD.time_to_live_minutes, 'enabled',
    json(iif(OLD.enabled, 'true', 'false')), 'description', OLD.description),
    json_object('name', NEW.name, 'environment', NEW.environment, 'kind', NEW.kind, 'location', NEW.location,
    'core_count', NEW.core_count, 'time_to_live_minutes', NEW.time_to_live_minutes, 'enabled',
    json(iif(NEW.enabled, 'true', 'false')), 'description', NEW.description);
  DELETE FROM Audit_Replaced WHERE table_name = 'Integration_Runtimes';
END;

CREATE TRIGGER Integration_Runtimes_before_insert BEFORE INSERT ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment)
    SELECT name, location, environment FROM Integration_Runtimes WHERE name = NEW.name;
END;

CREATE TRIGGER Integration_Runtimes_before_update BEFORE UPDATE ON Integration_Runtimes BEGIN
  INSERT INTO Edited_Runtimes (name, location, environment)
    SELECT name, location, environment FROM Integration_Runtimes WHERE name = NEW.name AND name <> OLD.name;
END;

CREATE TABLE Job_Changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TABLE Jobs (
  job_id INTEGER PRIMARY KEY AUTOINCREMENT            -- never used twice; a 32-bit number, as in SQL Server
    CONSTRAINT "Jobs.job_id must fit in 32 bits" CHECK (job_id BETWEEN -2147483648 AND 2147483647),
  name TEXT CONSTRAINT "Jobs.name must be at most 256 characters" CHECK (length(name) <= 256),
  environment TEXT REFERENCES Environments (name),    -- NULL: the default environment
  kind TEXT NOT NULL DEFAULT 'batch'                  -- batch or online
    CONSTRAINT "Jobs.kind must be 1 to 64 characters" CHECK (length(kind) BETWEEN 1 AND 64),
  priority TEXT NOT NULL DEFAULT 'normal'             -- normal or urgent
    CONSTRAINT "Jobs.priority must be 1 to 64 characters" CHECK (length(priority) BETWEEN 1 AND 64),
  enabled INTEGER NOT NULL DEFAULT 1                  -- 0: paused, nothing is destroyed
    CONSTRAINT "Jobs.enabled must be 0 or 1" CHECK (enabled IN (0, 1)),
  owner TEXT CONSTRAINT "Jobs.owner must be at most 256 characters" CHECK (length(owner) <= 256),
  schedule TEXT                                       -- Quartz cron, e.g. 0 0 6 * * ?; NULL: no schedule
    CONSTRAINT "Jobs.schedule must be at most 256 characters" CHECK (length(schedule) <= 256),
  schedule_time_zone TEXT NOT NULL DEFAULT 'UTC'
    CONSTRAINT "Jobs.schedule_time_zone must be at most 64 characters" CHECK (length(schedule_time_zone) <= 64),
  model TEXT                                          -- e.g. ml.models.churn; NULL: <catalog>.<schema>.job_<id>
    CONSTRAINT "Jobs.model must be at most 767 characters" CHECK (length(model) <= 767),
  task_path TEXT                                      -- NULL: /Workspace/Jobs/job_<id>
    CONSTRAINT "Jobs.task_path must be at most 1024 characters" CHECK (length(task_path) <= 1024)
, federation_issuer TEXT
  CONSTRAINT "Jobs.federation_issuer must be at most 512 characters" CHECK (length(federation_issuer) <= 512), federation_subject TEXT
  CONSTRAINT "Jobs.federation_subject must be at most 512 characters" CHECK (length(federation_subject) <= 512)) STRICT;

CREATE INDEX Jobs_environment ON Jobs (environment);

CREATE INDEX Jobs_model ON Jobs (model) WHERE model IS NOT NULL;

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

CREATE TRIGGER Jobs_after_insert AFTER INSERT ON Jobs BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id);
  UPDATE Service_State SET ever_filled = 1 WHERE ever_filled = 0;
END;

CREATE TRIGGER Jobs_after_renumber AFTER UPDATE ON Jobs WHEN NEW.job_id <> OLD.job_id BEGIN
  UPDATE Access_Policies SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Secret_References SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Network_Rules SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Cluster_Configs SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Pipeline_Settings SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Alert_Rules SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Guardrail_Exceptions SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
END;

CREATE TRIGGER Jobs_after_update AFTER UPDATE ON Jobs BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id;
END;

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

CREATE TABLE Models (
  -- Three-level Unity Catalog name. E.g. ml.models.churn
  name TEXT NOT NULL PRIMARY KEY
    CONSTRAINT "Models.name must be 1 to 512 characters" CHECK (length(name) BETWEEN 1 AND 512),
  -- Environment whose metastore holds it. NULL: the default environment. E.g. eastus
  environment TEXT REFERENCES Environments (name)
    CONSTRAINT "Models.environment must be 1 to 12 characters" CHECK (length(environment) BETWEEN 1 AND 12),
  -- Who answers for it (user principal name). NULL: nobody. E.g. mei.tanaka@contoso.example
  owner TEXT
    CONSTRAINT "Models.owner must be 1 to 256 characters" CHECK (length(owner) BETWEEN 1 AND 256),
  -- Version that online jobs serve. NULL: the latest. E.g. 7
  version INTEGER
    CONSTRAINT "Models.version must be 1 or more" CHECK (version BETWEEN 1 AND 2147483647),
  -- Size of the serving endpoint. E.g. Small
  serving_size TEXT NOT NULL DEFAULT 'Small'
    CONSTRAINT "Models.serving_size must be 1 to 64 characters" CHECK (length(serving_size) BETWEEN 1 AND 64),
  -- For people. NULL: none. E.g. Who leaves next month
  description TEXT
    CONSTRAINT "Models.description must be at most 1024 characters" CHECK (length(description) <= 1024)
) STRICT, WITHOUT ROWID;

CREATE INDEX Models_environment ON Models (environment) WHERE environment IS NOT NULL;

CREATE TRIGGER Models_after_delete AFTER DELETE ON Models BEGIN
  INSERT INTO Edited_Models (name) VALUES (OLD.name);
END;

CREATE TRIGGER Models_after_insert AFTER INSERT ON Models BEGIN
  INSERT INTO Edited_Models (name) VALUES (NEW.name);
END;

CREATE TRIGGER Models_after_update AFTER UPDATE ON Models BEGIN
  INSERT INTO Edited_Models (name) SELECT OLD.name UNION SELECT NEW.name;
END;

CREATE TRIGGER Models_audit_before_insert BEFORE INSERT ON Models BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Models';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Models', r.name,
    json_object('name', r.name, 'environment', r.environment, 'owner', r.owner, 'version', r.version,
    'serving_size', r.serving_size, 'description', r.description)
  FROM Models AS r WHERE r.name = NEW.name;
END;

CREATE TRIGGER Models_audit_before_update BEFORE UPDATE ON Models BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Models';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Models', r.name,
    json_object('name', r.name, 'environment', r.environment, 'owner', r.owner, 'version', r.version,
    'serving_size', r.serving_size, 'description', r.description)
  FROM Models AS r WHERE r.name = NEW.name AND r.name <> OLD.name;
END;

CREATE TRIGGER Models_audit_delete AFTER DELETE ON Models BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Models', OLD.name,
    json_object('name', OLD.name, 'environment', OLD.environment, 'owner', OLD.owner, 'version', OLD.version,
    'serving_size', OLD.serving_size, 'description', OLD.description),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Models' AND row_key = OLD.name;
END;

CREATE TRIGGER Models_audit_insert AFTER INSERT ON Models BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Models' AND row_key <> NEW.name
    AND NOT EXISTS (SELECT 1 FROM Models AS r WHERE r.name = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Models', NEW.name,
    p.before_values,
    json_object('name', NEW.name, 'environment', NEW.environment, 'owner', NEW.owner, 'version', NEW.version,
    'serving_size', NEW.serving_size, 'description', NEW.description)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Models' AND p.row_key = NEW.name;
  DELETE FROM Audit_Replaced WHERE table_name = 'Models';
END;

CREATE TRIGGER Models_audit_update AFTER UPDATE ON Models BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Models' AND (row_key = CAST(NEW.name AS TEXT) OR NOT EXISTS (SELECT 1 FROM Models AS r WHERE r.name = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Models', NEW.name,
    json_object('name', OLD.name, 'environment', OLD.environment, 'owner', OLD.owner, 'version', OLD.version,
    'serving_size', OLD.serving_size, 'description', OLD.description),
    json_object('name', NEW.name, 'environment', NEW.environment, 'owner', NEW.owner, 'version', NEW.version,
    'serving_size', NEW.serving_size, 'description', NEW.description);
  DELETE FROM Audit_Replaced WHERE table_name = 'Models';
END;

CREATE TRIGGER Models_before_insert BEFORE INSERT ON Models BEGIN
  INSERT INTO Edited_Models (name) SELECT name FROM Models WHERE name = NEW.name;
END;

CREATE TRIGGER Models_before_update BEFORE UPDATE ON Models BEGIN
  INSERT INTO Edited_Models (name) SELECT name FROM Models WHERE name = NEW.name AND name <> OLD.name;
END;

CREATE TABLE Network_Rules (
  rule_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Network_Rules.rule_id must fit in 32 bits" CHECK (rule_id BETWEEN -2147483648 AND 2147483647),
  job_id INTEGER NOT NULL REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  service TEXT NOT NULL                               -- e.g. databricks
    CONSTRAINT "Network_Rules.service must be 1 to 64 characters" CHECK (length(service) BETWEEN 1 AND 64),
  private_endpoint TEXT                               -- e.g. pe-databricks-eastus; NULL: firewall ranges only
    CONSTRAINT "Network_Rules.private_endpoint must be at most 256 characters" CHECK (length(private_endpoint) <= 256),
  firewall_ranges TEXT NOT NULL DEFAULT '[]'          -- e.g. ["203.0.113.0/28"]
    CONSTRAINT "Network_Rules.firewall_ranges must be JSON" CHECK (json_valid(firewall_ranges))
) STRICT;

CREATE INDEX Network_Rules_job ON Network_Rules (job_id);

CREATE TRIGGER Network_Rules_after_delete AFTER DELETE ON Network_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Network_Rules_after_insert AFTER INSERT ON Network_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;

CREATE TRIGGER Network_Rules_after_update AFTER UPDATE ON Network_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;

CREATE TRIGGER Network_Rules_audit_before_insert BEFORE INSERT ON Network_Rules BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Network_Rules';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Network_Rules', r.rule_id,
    json_object('rule_id', r.rule_id, 'job_id', r.job_id, 'service', r.service, 'private_endpoint',
    r.private_endpoint, 'firewall_ranges', json(r.firewall_ranges))
  FROM Network_Rules AS r WHERE r.rule_id = NEW.rule_id;
END;

CREATE TRIGGER Network_Rules_audit_before_update BEFORE UPDATE ON Network_Rules BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Network_Rules';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Network_Rules', r.rule_id,
    json_object('rule_id', r.rule_id, 'job_id', r.job_id, 'service', r.service, 'private_endpoint',
    r.private_endpoint, 'firewall_ranges', json(r.firewall_ranges))
  FROM Network_Rules AS r WHERE r.rule_id = NEW.rule_id AND r.rule_id <> OLD.rule_id;
END;

CREATE TRIGGER Network_Rules_audit_delete AFTER DELETE ON Network_Rules BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Network_Rules', OLD.rule_id,
    json_object('rule_id', OLD.rule_id, 'job_id', OLD.job_id, 'service', OLD.service, 'private_endpoint',
    OLD.private_endpoint, 'firewall_ranges', json(OLD.firewall_ranges)),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Network_Rules' AND row_key = OLD.rule_id;
END;

CREATE TRIGGER Network_Rules_audit_insert AFTER INSERT ON Network_Rules BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Network_Rules' AND row_key <> NEW.rule_id
    AND NOT EXISTS (SELECT 1 FROM Network_Rules AS r WHERE r.rule_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Network_Rules', NEW.rule_id,
    p.before_values,
    json_object('rule_id', NEW.rule_id, 'job_id', NEW.job_id, 'service', NEW.service, 'private_endpoint',
    NEW.private_endpoint, 'firewall_ranges', json(NEW.firewall_ranges))
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Network_Rules' AND p.row_key = NEW.rule_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Network_Rules';
END;

CREATE TRIGGER Network_Rules_audit_update AFTER UPDATE ON Network_Rules BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Network_Rules' AND (row_key = CAST(NEW.rule_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Network_Rules AS r WHERE r.rule_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Network_Rules', NEW.rule_id,
    json_object('rule_id', OLD.rule_id, 'job_id', OLD.job_id, 'service', OLD.service, 'private_endpoint',
    OLD.private_endpoint, 'firewall_ranges', json(OLD.firewall_ranges)),
    json_object('rule_id', NEW.rule_id, 'job_id', NEW.job_id, 'service', NEW.service, 'private_endpoint',
    NEW.private_endpoint, 'firewall_ranges', json(NEW.firewall_ranges));
  DELETE FROM Audit_Replaced WHERE table_name = 'Network_Rules';
END;

CREATE TRIGGER Network_Rules_before_insert BEFORE INSERT ON Network_Rules BEGIN
  SELECT RAISE(ABORT, 'Network_Rules.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Network_Rules WHERE rule_id = NEW.rule_id; END;

CREATE TRIGGER Network_Rules_before_update BEFORE UPDATE ON Network_Rules BEGIN
  SELECT RAISE(ABORT, 'Network_Rules.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Network_Rules WHERE rule_id = NEW.rule_id AND rule_id <> OLD.rule_id; END;

CREATE TABLE Output_Changes (
  stack TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE Pipeline_Settings (
  -- Number of the row. E.g. 17
  setting_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Pipeline_Settings.setting_id must fit in 32 bits" CHECK (setting_id BETWEEN -2147483648 AND 2147483647),
  -- The job that the row belongs to; the row goes with it. E.g. 201
  job_id INTEGER NOT NULL UNIQUE REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  -- Where the pipeline reads from. NULL: nothing is copied before the job runs. E.g. erp-orders
  data_source TEXT REFERENCES Data_Sources (name)
    CONSTRAINT "Pipeline_Settings.data_source must be at most 128 characters" CHECK (length(data_source) <= 128),
  -- Runtime to copy with. NULL: picked by the data source's location. E.g. ir-plant-lyon
  integration_runtime TEXT REFERENCES Integration_Runtimes (name)
    CONSTRAINT "Pipeline_Settings.integration_runtime must be at most 63 characters" CHECK (length(integration_runtime) <= 63),
  -- Folder in the lake that data is copied to. NULL: raw/job_<job_id>. E.g. raw/orders
  sink_path TEXT
    CONSTRAINT "Pipeline_Settings.sink_path must be at most 1024 characters" CHECK (length(sink_path) <= 1024),
  -- Pipeline runs at once. E.g. 1
  concurrency INTEGER NOT NULL DEFAULT 1
    CONSTRAINT "Pipeline_Settings.concurrency must be 1 or more" CHECK (concurrency BETWEEN 1 AND 2147483647),
  -- Minutes that one activity may take. E.g. 120
  timeout_minutes INTEGER NOT NULL DEFAULT 120
    CONSTRAINT "Pipeline_Settings.timeout_minutes must be 1 or more" CHECK (timeout_minutes BETWEEN 1 AND 2147483647),
  -- Times that a failed activity is tried again. E.g. 2
  retry_count INTEGER NOT NULL DEFAULT 2
    CONSTRAINT "Pipeline_Settings.retry_count must be 0 or more" CHECK (retry_count BETWEEN 0 AND 2147483647),
  -- Seconds between two tries. E.g. 60
  retry_interval_seconds INTEGER NOT NULL DEFAULT 60
    CONSTRAINT "Pipeline_Settings.retry_interval_seconds must be 1 or more" CHECK (retry_interval_seconds BETWEEN 1 AND 2147483647),
  -- Parameters handed to the pipeline, by name. Never secrets. E.g. {"horizon_days":28}
  parameters TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT "Pipeline_Settings.parameters must be JSON" CHECK (json_valid(parameters)),
  -- false: the pipeline's trigger stays stopped. E.g. true
  enabled INTEGER NOT NULL DEFAULT 1
    CONSTRAINT "Pipeline_Settings.enabled must be 0 or 1" CHECK (enabled IN (0, 1))
) STRICT;

CREATE INDEX Pipeline_Settings_runtime ON Pipeline_Settings (integration_runtime)
  WHERE integration_runtime IS NOT NULL;

CREATE INDEX Pipeline_Settings_source ON Pipeline_Settings (data_source) WHERE data_source IS NOT NULL;

CREATE TRIGGER Pipeline_Settings_after_delete AFTER DELETE ON Pipeline_Settings BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id);
END;

CREATE TRIGGER Pipeline_Settings_after_insert AFTER INSERT ON Pipeline_Settings BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id);
END;

CREATE TRIGGER Pipeline_Settings_after_update AFTER UPDATE ON Pipeline_Settings BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id;
END;

CREATE TRIGGER Pipeline_Settings_audit_before_insert BEFORE INSERT ON Pipeline_Settings BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Pipeline_Settings';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Pipeline_Settings', r.setting_id,
    json_object('setting_id', r.setting_id, 'job_id', r.job_id, 'data_source', r.data_source,
    'integration_runtime', r.integration_runtime, 'sink_path', r.sink_path, 'concurrency', r.concurrency,
    'timeout_minutes', r.timeout_minutes, 'retry_count', r.retry_count, 'retry_interval_seconds',
    r.retry_interval_seconds, 'parameters', json(r.parameters), 'enabled', json(iif(r.enabled, 'true',
    'false')))
  FROM Pipeline_Settings AS r WHERE (r.setting_id = NEW.setting_id OR r.job_id = NEW.job_id);
END;

CREATE TRIGGER Pipeline_Settings_audit_before_update BEFORE UPDATE ON Pipeline_Settings BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Pipeline_Settings';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Pipeline_Settings', r.setting_id,
    json_object('setting_id', r.setting_id, 'job_id', r.job_id, 'data_source', r.data_source,
    'integration_runtime', r.integration_runtime, 'sink_path', r.sink_path, 'concurrency', r.concurrency,
    'timeout_minutes', r.timeout_minutes, 'retry_count', r.retry_count, 'retry_interval_seconds',
    r.retry_interval_seconds, 'parameters', json(r.parameters), 'enabled', json(iif(r.enabled, 'true',
    'false')))
  FROM Pipeline_Settings AS r WHERE (r.setting_id = NEW.setting_id OR r.job_id = NEW.job_id) AND r.setting_id <> OLD.setting_id;
END;

CREATE TRIGGER Pipeline_Settings_audit_delete AFTER DELETE ON Pipeline_Settings BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Pipeline_Settings', OLD.setting_id,
    json_object('setting_id', OLD.setting_id, 'job_id', OLD.job_id, 'data_source', OLD.data_source,
    'integration_runtime', OLD.integration_runtime, 'sink_path', OLD.sink_path, 'concurrency', OLD.concurrency,
    'timeout_minutes', OLD.timeout_minutes, 'retry_count', OLD.retry_count, 'retry_interval_seconds',
    OLD.retry_interval_seconds, 'parameters', json(OLD.parameters), 'enabled', json(iif(OLD.enabled, 'true',
    'false'))),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Pipeline_Settings' AND row_key = OLD.setting_id;
END;

CREATE TRIGGER Pipeline_Settings_audit_insert AFTER INSERT ON Pipeline_Settings BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Pipeline_Settings' AND row_key <> NEW.setting_id
    AND NOT EXISTS (SELECT 1 FROM Pipeline_Settings AS r WHERE r.setting_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Pipeline_Settings', NEW.setting_id,
    p.before_values,
    json_object('setting_id', NEW.setting_id, 'job_id', NEW.job_id, 'data_source', NEW.data_source,
    'integration_runtime', NEW.integration_runtime, 'sink_path', NEW.sink_path, 'concurrency', NEW.concurrency,
    'timeout_minutes', NEW.timeout_minutes, 'retry_count', NEW.retry_count, 'retry_interval_seconds',
    NEW.retry_interval_seconds, 'parameters', json(NEW.parameters), 'enabled', json(iif(NEW.enabled, 'true',
    'false')))
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Pipeline_Settings' AND p.row_key = NEW.setting_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Pipeline_Settings';
END;

CREATE TRIGGER Pipeline_Settings_audit_update AFTER UPDATE ON Pipeline_Settings BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Pipeline_Settings' AND (row_key = CAST(NEW.setting_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Pipeline_Settings AS r WHERE r.setting_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Pipeline_Settings', NEW.setting_id,
    json_object('setting_id', OLD.setting_id, 'job_id', OLD.job_id, 'data_source', OLD.data_source,
    'integration_runtime', OLD.integration_runtime, 'sink_path', OLD.sink_path, 'concurrency', OLD.concurrency,
    'timeout_minutes', OLD.timeout_minutes, 'retry_count', OLD.retry_count, 'retry_interval_seconds',
    OLD.retry_interval_seconds, 'parameters', json(OLD.parameters), 'enabled', json(iif(OLD.enabled, 'true',
    'false'))),
    json_object('setting_id', NEW.setting_id, 'job_id', NEW.job_id, 'data_source', NEW.data_source,
    'integration_runtime', NEW.integration_runtime, 'sink_path', NEW.sink_path, 'concurrency', NEW.concurrency,
    'timeout_minutes', NEW.timeout_minutes, 'retry_count', NEW.retry_count, 'retry_interval_seconds',
    NEW.retry_interval_seconds, 'parameters', json(NEW.parameters), 'enabled', json(iif(NEW.enabled, 'true',
    'false')));
  DELETE FROM Audit_Replaced WHERE table_name = 'Pipeline_Settings';
END;

CREATE TRIGGER Pipeline_Settings_before_insert BEFORE INSERT ON Pipeline_Settings BEGIN
  SELECT RAISE(ABORT, 'Pipeline_Settings.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Pipeline_Settings WHERE setting_id = NEW.setting_id;
END;

CREATE TRIGGER Pipeline_Settings_before_update BEFORE UPDATE ON Pipeline_Settings BEGIN
  SELECT RAISE(ABORT, 'Pipeline_Settings.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Pipeline_Settings WHERE setting_id = NEW.setting_id AND setting_id <> OLD.setting_id;
END;

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

CREATE INDEX Probe_Results_endpoint ON Probe_Results (endpoint, number);

CREATE UNIQUE INDEX Probe_Results_latest ON Probe_Results (stack, endpoint) WHERE is_latest = 1;

CREATE INDEX Probe_Results_old ON Probe_Results (at, number) WHERE is_latest = 0;

CREATE INDEX Probe_Results_stack ON Probe_Results (stack, number);

CREATE TABLE Recorded_References (
  subject TEXT NOT NULL,
  row_table TEXT NOT NULL,
  row_key TEXT NOT NULL,
  name TEXT NOT NULL,                                 -- e.g. ds_team
  object_id TEXT NOT NULL,
  PRIMARY KEY (subject, row_table, row_key, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE Requests (
  request_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  job_id INTEGER,
  stack TEXT,
  created_at TEXT NOT NULL,
  run_count INTEGER NOT NULL DEFAULT 0,               -- of its runs that were not pruned
  CHECK ((job_id IS NULL) <> (stack IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX Requests_empty ON Requests (created_at) WHERE run_count = 0;

CREATE TABLE Run_Steps (
  run_id TEXT NOT NULL REFERENCES Runs (run_id) ON DELETE CASCADE,
  number INTEGER NOT NULL,                            -- 1, 2, 3… within the run
  at TEXT NOT NULL,
  operation TEXT NOT NULL,                            -- e.g. create
  urn TEXT NOT NULL,
  type TEXT NOT NULL,                                 -- e.g. azure-native:network:PrivateEndpoint
  status TEXT NOT NULL,
  object_id TEXT,
  message TEXT,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE Runs (
  number INTEGER PRIMARY KEY,                         -- order of making
  run_id TEXT NOT NULL UNIQUE,
  stack TEXT NOT NULL,
  request_id TEXT REFERENCES Requests (request_id),
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  status TEXT NOT NULL,
  lane TEXT,                                          -- the stack's, as long as the run is queued
  spec_hash TEXT,                                     -- the desired hash that it was started for
  spec_references TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(spec_references)),
  epoch INTEGER,
  child TEXT CHECK (json_valid(child)),               -- {"host","pid","startedAt"}
  engine TEXT CHECK (json_valid(engine)),
  queued_at TEXT NOT NULL,
  started_at TEXT,
  ended_at TEXT,
  changes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(changes)),
  failure_class TEXT,
  failure_message TEXT
, trace_id TEXT CHECK (length(trace_id) = 32), cancel_asked_by TEXT, adopt TEXT CHECK (json_valid(adopt))) STRICT;

CREATE INDEX Runs_ended ON Runs (ended_at, number) WHERE ended_at IS NOT NULL;

CREATE INDEX Runs_leased ON Runs (stack, started_at, epoch) WHERE epoch IS NOT NULL;

CREATE INDEX Runs_queued ON Runs (stack, queued_at) WHERE status = 'queued';

CREATE INDEX Runs_queued_urgent ON Runs (queued_at) WHERE status = 'queued' AND lane = 'urgent';

CREATE INDEX Runs_request ON Runs (request_id) WHERE request_id IS NOT NULL;

CREATE INDEX Runs_stack ON Runs (stack, number);

CREATE TABLE Schema_Migrations (
  name TEXT NOT NULL PRIMARY KEY,
  checksum TEXT NOT NULL,
  applied_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE Secret_References (
  reference_id INTEGER PRIMARY KEY AUTOINCREMENT
    CONSTRAINT "Secret_References.reference_id must fit in 32 bits" CHECK (reference_id BETWEEN -2147483648 AND 2147483647),
  job_id INTEGER NOT NULL REFERENCES Jobs (job_id) ON DELETE CASCADE ON UPDATE CASCADE,
  key_vault TEXT NOT NULL                             -- e.g. ml-vault
    CONSTRAINT "Secret_References.key_vault must be 1 to 512 characters" CHECK (length(key_vault) BETWEEN 1 AND 512),
  secret_name TEXT NOT NULL                           -- e.g. databricks-token
    CONSTRAINT "Secret_References.secret_name must be 1 to 256 characters" CHECK (length(secret_name) BETWEEN 1 AND 256)
) STRICT;

CREATE INDEX Secret_References_job ON Secret_References (job_id);

CREATE TRIGGER Secret_References_after_delete AFTER DELETE ON Secret_References BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Secret_References_after_insert AFTER INSERT ON Secret_References BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;

CREATE TRIGGER Secret_References_after_update AFTER UPDATE ON Secret_References BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;

CREATE TRIGGER Secret_References_audit_before_insert BEFORE INSERT ON Secret_References BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Secret_References';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Secret_References', r.reference_id,
    json_object('reference_id', r.reference_id, 'job_id', r.job_id, 'key_vault', r.key_vault, 'secret_name',
    r.secret_name)
  FROM Secret_References AS r WHERE r.reference_id = NEW.reference_id;
END;

CREATE TRIGGER Secret_References_audit_before_update BEFORE UPDATE ON Secret_References BEGIN
  DELETE FROM Audit_Replaced WHERE table_name = 'Secret_References';
  INSERT INTO Audit_Replaced (table_name, row_key, before_values)
  SELECT 'Secret_References', r.reference_id,
    json_object('reference_id', r.reference_id, 'job_id', r.job_id, 'key_vault', r.key_vault, 'secret_name',
    r.secret_name)
  FROM Secret_References AS r WHERE r.reference_id = NEW.reference_id AND r.reference_id <> OLD.reference_id;
END;

CREATE TRIGGER Secret_References_audit_delete AFTER DELETE ON Secret_References BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'delete', 'Secret_References', OLD.reference_id,
    json_object('reference_id', OLD.reference_id, 'job_id', OLD.job_id, 'key_vault', OLD.key_vault,
    'secret_name', OLD.secret_name),
    NULL;
  DELETE FROM Audit_Replaced WHERE table_name = 'Secret_References' AND row_key = OLD.reference_id;
END;

CREATE TRIGGER Secret_References_audit_insert AFTER INSERT ON Secret_References BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Secret_References' AND row_key <> NEW.reference_id
    AND NOT EXISTS (SELECT 1 FROM Secret_References AS r WHERE r.reference_id = row_key);
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT iif(p.row_key IS NULL, 'insert', 'update'), 'Secret_References', NEW.reference_id,
    p.before_values,
    json_object('reference_id', NEW.reference_id, 'job_id', NEW.job_id, 'key_vault', NEW.key_vault,
    'secret_name', NEW.secret_name)
  FROM (SELECT 1) LEFT JOIN Audit_Replaced AS p ON p.table_name = 'Secret_References' AND p.row_key = NEW.reference_id;
  DELETE FROM Audit_Replaced WHERE table_name = 'Secret_References';
END;

CREATE TRIGGER Secret_References_audit_update AFTER UPDATE ON Secret_References BEGIN
  INSERT INTO Audit_Events (action, table_name, row_key, before_values)
  SELECT 'delete', table_name, row_key, before_values FROM Audit_Replaced
  WHERE table_name = 'Secret_References' AND (row_key = CAST(NEW.reference_id AS TEXT) OR NOT EXISTS (SELECT 1 FROM Secret_References AS r WHERE r.reference_id = row_key));
  INSERT INTO Audit_Events (action, table_name, row_key, before_values, after_values)
  SELECT 'update', 'Secret_References', NEW.reference_id,
    json_object('reference_id', OLD.reference_id, 'job_id', OLD.job_id, 'key_vault', OLD.key_vault,
    'secret_name', OLD.secret_name),
    json_object('reference_id', NEW.reference_id, 'job_id', NEW.job_id, 'key_vault', NEW.key_vault,
    'secret_name', NEW.secret_name);
  DELETE FROM Audit_Replaced WHERE table_name = 'Secret_References';
END;

CREATE TRIGGER Secret_References_before_insert BEFORE INSERT ON Secret_References BEGIN
  SELECT RAISE(ABORT, 'Secret_References.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Secret_References WHERE reference_id = NEW.reference_id; END;

CREATE TRIGGER Secret_References_before_update BEFORE UPDATE ON Secret_References BEGIN
  SELECT RAISE(ABORT, 'Secret_References.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Secret_References WHERE reference_id = NEW.reference_id AND reference_id <> OLD.reference_id; END;

CREATE TABLE Service_State (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  change_seq INTEGER NOT NULL,
  ever_filled INTEGER NOT NULL                        -- 1 since the first environment or job was inserted
, pruned_to_at TEXT, pruned_to_number INTEGER) STRICT;

CREATE TABLE Stack_Merges (
  stack TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  listed INTEGER UNIQUE                               -- 1, 2, 3… oldest first; NULL: merged
) STRICT, WITHOUT ROWID;

CREATE TABLE Stack_Outputs (
  stack TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL CHECK (json_valid(value)),
  run_id TEXT NOT NULL,
  as_of TEXT NOT NULL, plain TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (stack, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE Stack_References (
  stack TEXT NOT NULL,
  source TEXT NOT NULL,                               -- subject whose contribution refers; '' for the applied spec
  referenced_stack TEXT NOT NULL,
  output TEXT NOT NULL,
  PRIMARY KEY (stack, source, referenced_stack, output)
) STRICT, WITHOUT ROWID;

CREATE INDEX Stack_References_referenced ON Stack_References (referenced_stack, source, output);

CREATE INDEX Stack_References_source ON Stack_References (source, stack) WHERE source <> '';

CREATE TABLE Stacks (
  stack TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  environment TEXT NOT NULL,
  desired_hash TEXT NOT NULL,
  desired_hash_reversed TEXT,                         -- finds other versions (a suffix) by index; NULL when absent
  desired_references TEXT NOT NULL CHECK (json_valid(desired_references)),
  desired_version INTEGER NOT NULL,                   -- Stack_Merges.version that the spec was merged from
  desired_at TEXT NOT NULL,                           -- when desired_hash last changed
  applied_hash TEXT,                                  -- NULL: never applied, or a run that writes has not succeeded
  was_applied INTEGER NOT NULL DEFAULT 0 CHECK (was_applied IN (0, 1)),
  lane TEXT NOT NULL,
  due_at TEXT,
  rank_at TEXT,                                       -- due_at plus the lane's delay
  attempts INTEGER NOT NULL DEFAULT 0,                -- failures in a row
  next_attempt_at TEXT,                               -- NULL: not before something changes
  failure_class TEXT,                                 -- of the last run that wrote; NULL: it did not fail
  failure_message TEXT,
  lease_epoch INTEGER NOT NULL DEFAULT 0,             -- grows with every lease; 0: never had one
  lease_owner TEXT CHECK (json_valid(lease_owner)),   -- {"host","pid","startedAt"}
  lease_expires_at TEXT,
  lease_run_id TEXT,                                  -- NULL: not leased
  last_run_id TEXT,                                   -- the last run that held a lease
  last_success_at TEXT,
  last_success_run_id TEXT,
  -- The specs come last: SQLite reads the columns before them without reading them.
  desired_spec TEXT CHECK (json_valid(desired_spec)), -- NULL: the stack must not exist
  applied_spec TEXT CHECK (json_valid(applied_spec)), -- of the last success, or what a failed run narrowed it to
  leased_spec TEXT CHECK (json_valid(leased_spec)), subscription_id TEXT, trace_id TEXT CHECK (length(trace_id) = 32), state_doubtful INTEGER NOT NULL DEFAULT 0 CHECK (state_doubtful IN (0, 1)),   -- desired_spec when the run that writes took its lease
  CHECK ((due_at IS NULL) = (rank_at IS NULL)),
  CHECK ((lease_run_id IS NULL) = (lease_expires_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX Stacks_due ON Stacks (rank_at) WHERE rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;

CREATE INDEX Stacks_due_urgent ON Stacks (rank_at)
  WHERE lane = 'urgent' AND rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;

CREATE INDEX Stacks_leased ON Stacks (lease_run_id) WHERE lease_run_id IS NOT NULL;

CREATE INDEX Stacks_queue ON Stacks (lane, due_at, next_attempt_at, lease_run_id) WHERE due_at IS NOT NULL;

CREATE INDEX Stacks_to_destroy ON Stacks (stack) WHERE desired_spec IS NULL;

CREATE INDEX Stacks_version ON Stacks (desired_hash_reversed) WHERE desired_hash_reversed IS NOT NULL;

CREATE TABLE Subscription_Pauses (
  subscription_id TEXT NOT NULL PRIMARY KEY,          -- in lower case
  until TEXT NOT NULL,
  reason TEXT NOT NULL,
  since TEXT NOT NULL                                 -- when the pause began, however often it was made longer
) STRICT, WITHOUT ROWID;

CREATE VIEW Touched_Environments AS SELECT environment FROM Environment_Changes;

CREATE TRIGGER Touched_Environments_insert INSTEAD OF INSERT ON Touched_Environments BEGIN
  DELETE FROM Environment_Changes WHERE environment = NEW.environment;
  UPDATE Service_State SET change_seq = 1 + max(change_seq,
    coalesce((SELECT max(seq) FROM Job_Changes), 0), coalesce((SELECT max(seq) FROM Environment_Changes), 0));
  INSERT INTO Environment_Changes (seq, environment) SELECT change_seq, NEW.environment FROM Service_State;
END;

CREATE VIEW Touched_Jobs AS SELECT job_id FROM Job_Changes;

CREATE TRIGGER Touched_Jobs_insert INSTEAD OF INSERT ON Touched_Jobs BEGIN
  DELETE FROM Job_Changes WHERE job_id = NEW.job_id;
  -- max: an entry that a person wrote by hand must not stop later edits
  UPDATE Service_State SET change_seq = 1 + max(change_seq,
    coalesce((SELECT max(seq) FROM Job_Changes), 0), coalesce((SELECT max(seq) FROM Environment_Changes), 0));
  INSERT INTO Job_Changes (seq, job_id) SELECT change_seq, NEW.job_id FROM Service_State;
END;

CREATE TABLE Wakeups (
  subject TEXT NOT NULL PRIMARY KEY,                  -- job:201 or environment:eastus
  wake_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX Wakeups_wake_at ON Wakeups (wake_at);

CREATE VIEW vw_Adf_Job_Outputs AS
  SELECT j.job_id, o.name, o.plain AS value, o.run_id, o.as_of,
    (s.applied_hash IS NOT s.desired_hash
      OR EXISTS (SELECT 1 FROM Job_Changes AS c WHERE c.job_id = j.job_id)
      OR EXISTS (SELECT 1 FROM Stack_Merges AS m WHERE m.stack = s.stack AND m.listed IS NOT NULL)) AS stale
  FROM Jobs AS j
    JOIN Stacks AS s ON s.stack = 'job-'
      || coalesce(j.environment, (SELECT name FROM Environments WHERE is_default = 1)) || '-' || j.job_id
    JOIN Stack_Outputs AS o ON o.stack = s.stack;
