-- The first schema, for SQLite.
--
-- Constraints cover shape only: types, lengths, JSON, references. Whether a role or a range is a good one is
-- judged when the row is resolved, so a bad value can be stored and Blocked with a reason. A constraint's
-- name is the sentence that a refused writer reads; it begins with Table.column.
--
-- All times are text like 2026-01-31T08:00:00.000Z, so that comparing text compares instants.

-- ---------------------------------------------------------------- metadata, written by people
-- Where jobs run.
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
) STRICT, WITHOUT ROWID;                              -- no rowid: a row is replaced by its name or by is_default only

CREATE UNIQUE INDEX Environments_default ON Environments (is_default) WHERE is_default = 1;

-- One data or ML workload.
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
) STRICT;
CREATE INDEX Jobs_environment ON Jobs (environment);

-- Who may do what with a job.
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

-- Secrets that a job reads. Names only, never values.
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

-- How a service may be reached.
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

-- The cluster of a job; at most one row a job.
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
    CONSTRAINT "Cluster_Configs.max_workers must be 0 or more" CHECK (max_workers BETWEEN 0 AND 2147483647),
  CONSTRAINT "Cluster_Configs.max_workers must not be less than min_workers" CHECK (min_workers <= max_workers)
) STRICT;

-- ---------------------------------------------------------------- the service's own
-- One row. change_seq numbers every edit, of jobs and environments alike, and never goes back.
CREATE TABLE Service_State (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  change_seq INTEGER NOT NULL,
  ever_filled INTEGER NOT NULL                        -- 1 since the first environment or job was inserted
) STRICT;
INSERT INTO Service_State (id, change_seq, ever_filled) VALUES (1, 0, 0);

-- Subjects touched and not resolved yet, once each, under the seq of their last edit.
CREATE TABLE Job_Changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER NOT NULL UNIQUE
) STRICT;
CREATE TABLE Environment_Changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  environment TEXT NOT NULL UNIQUE
) STRICT;

-- When to resolve a subject again although no row changes, e.g. at a policy's expiry.
CREATE TABLE Wakeups (
  subject TEXT NOT NULL PRIMARY KEY,                  -- job:201 or environment:eastus
  wake_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX Wakeups_wake_at ON Wakeups (wake_at);

-- What one subject's rows put into one stack.
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

-- How often a stack's contributions changed (version), and its place in the list of stacks to merge. The
-- row outlives the stack: a slow merge must not pass an old version off as the newest.
CREATE TABLE Stack_Merges (
  stack TEXT NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  listed INTEGER UNIQUE                               -- 1, 2, 3… oldest first; NULL: merged
) STRICT, WITHOUT ROWID;

-- Which outputs of other stacks a stack uses or waits for.
CREATE TABLE Stack_References (
  stack TEXT NOT NULL,
  source TEXT NOT NULL,                               -- subject whose contribution refers; '' for the applied spec
  referenced_stack TEXT NOT NULL,
  output TEXT NOT NULL,
  PRIMARY KEY (stack, source, referenced_stack, output)
) STRICT, WITHOUT ROWID;
CREATE INDEX Stack_References_source ON Stack_References (source, stack) WHERE source <> '';
CREATE INDEX Stack_References_referenced ON Stack_References (referenced_stack, source, output);

-- change_seq at which any output of a stack last came, changed or went: a resolve that read its change
-- before that, and refers to the stack for the first time, may have read old outputs.
CREATE TABLE Output_Changes (
  stack TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The object id first found for a name in a row.
CREATE TABLE Recorded_References (
  subject TEXT NOT NULL,
  row_table TEXT NOT NULL,
  row_key TEXT NOT NULL,
  name TEXT NOT NULL,                                 -- e.g. ds_team
  object_id TEXT NOT NULL,
  PRIMARY KEY (subject, row_table, row_key, name)
) STRICT, WITHOUT ROWID;

-- Stacks: what each must become, what it is, and who may run it.
-- in sync (due_at NULL) -> due -> leased -> in sync, or due again with attempts and a later next_attempt_at.
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
  leased_spec TEXT CHECK (json_valid(leased_spec)),   -- desired_spec when the run that writes took its lease
  CHECK ((due_at IS NULL) = (rank_at IS NULL)),
  CHECK ((lease_run_id IS NULL) = (lease_expires_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX Stacks_due ON Stacks (rank_at) WHERE rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX Stacks_due_urgent ON Stacks (rank_at)
  WHERE lane = 'urgent' AND rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX Stacks_leased ON Stacks (lease_run_id) WHERE lease_run_id IS NOT NULL;
CREATE INDEX Stacks_to_destroy ON Stacks (stack) WHERE desired_spec IS NULL;
CREATE INDEX Stacks_version ON Stacks (desired_hash_reversed) WHERE desired_hash_reversed IS NOT NULL;

-- Named facts. subject_key: Access_Policies 17, 201, eastus or a stack's name.
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
CREATE INDEX Conditions_type ON Conditions (subject_kind, type);
CREATE INDEX Conditions_resolved ON Conditions (resolved_subject) WHERE resolved_subject IS NOT NULL;

CREATE TABLE Requests (
  request_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  job_id INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Executions of the engine: queued (by a request) -> running -> succeeded, failed, canceled or lost.
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
) STRICT;
CREATE INDEX Runs_request ON Runs (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX Runs_queued ON Runs (stack, queued_at) WHERE status = 'queued';
CREATE INDEX Runs_queued_urgent ON Runs (queued_at) WHERE status = 'queued' AND lane = 'urgent';
-- By start and not by number: a queued run has its number long before its lease. The epoch orders those of
-- one millisecond; alone it would not do, as it begins again with a stack that comes back.
CREATE INDEX Runs_leased ON Runs (stack, started_at, epoch) WHERE epoch IS NOT NULL;

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

-- Outputs of each stack's last success.
CREATE TABLE Stack_Outputs (
  stack TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL CHECK (json_valid(value)),
  run_id TEXT NOT NULL,
  as_of TEXT NOT NULL,
  PRIMARY KEY (stack, name)
) STRICT, WITHOUT ROWID;
-- ---------------------------------------------------------------- change capture
-- Whoever edits a metadata row, the subject is touched in the same transaction. To touch is to insert into
-- one of three views; their triggers delete the old entry and insert a new one, so that seq is new. Nothing
-- here relies on OR or ON CONFLICT: those of the outer statement override the ones in a trigger.
--
-- REPLACE (INSERT OR REPLACE, UPDATE OR REPLACE) fires no delete trigger for the row that it throws out, so
-- BEFORE triggers touch the job of each row that would be replaced. Should the statement then leave that row
-- alone (OR IGNORE), the job is resolved once for nothing. The triggers do not rely on foreign keys, which
-- most clients have off unless asked for.

CREATE VIEW Touched_Jobs AS SELECT job_id FROM Job_Changes;
CREATE TRIGGER Touched_Jobs_insert INSTEAD OF INSERT ON Touched_Jobs BEGIN
  DELETE FROM Job_Changes WHERE job_id = NEW.job_id;
  -- max: an entry that a person wrote by hand must not stop later edits
  UPDATE Service_State SET change_seq = 1 + max(change_seq,
    coalesce((SELECT max(seq) FROM Job_Changes), 0), coalesce((SELECT max(seq) FROM Environment_Changes), 0));
  INSERT INTO Job_Changes (seq, job_id) SELECT change_seq, NEW.job_id FROM Service_State;
END;

CREATE VIEW Touched_Environments AS SELECT environment FROM Environment_Changes;
CREATE TRIGGER Touched_Environments_insert INSTEAD OF INSERT ON Touched_Environments BEGIN
  DELETE FROM Environment_Changes WHERE environment = NEW.environment;
  UPDATE Service_State SET change_seq = 1 + max(change_seq,
    coalesce((SELECT max(seq) FROM Job_Changes), 0), coalesce((SELECT max(seq) FROM Environment_Changes), 0));
  INSERT INTO Environment_Changes (seq, environment) SELECT change_seq, NEW.environment FROM Service_State;
END;

-- An edited environment is touched with all jobs in it.
CREATE VIEW Edited_Environments AS SELECT name, is_default FROM Environments;
CREATE TRIGGER Edited_Environments_insert INSTEAD OF INSERT ON Edited_Environments BEGIN
  INSERT INTO Touched_Environments (environment) VALUES (NEW.name);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Jobs WHERE environment = NEW.name;
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Jobs WHERE environment IS NULL AND NEW.is_default = 1;
END;

CREATE TRIGGER Environments_before_insert BEFORE INSERT ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default)
    SELECT name, is_default FROM Environments WHERE name = NEW.name OR (is_default = 1 AND NEW.is_default = 1);
END;
CREATE TRIGGER Environments_after_insert AFTER INSERT ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default) VALUES (NEW.name, NEW.is_default);
  UPDATE Service_State SET ever_filled = 1 WHERE ever_filled = 0;
END;
CREATE TRIGGER Environments_before_update BEFORE UPDATE ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default)
    SELECT name, is_default FROM Environments
    WHERE name <> OLD.name AND (name = NEW.name OR (is_default = 1 AND NEW.is_default = 1));
END;
CREATE TRIGGER Environments_after_update AFTER UPDATE ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default)
    SELECT OLD.name, OLD.is_default UNION SELECT NEW.name, NEW.is_default;
END;
CREATE TRIGGER Environments_after_delete AFTER DELETE ON Environments BEGIN
  INSERT INTO Edited_Environments (name, is_default) VALUES (OLD.name, OLD.is_default);
END;

CREATE TRIGGER Jobs_after_insert AFTER INSERT ON Jobs BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id);
  UPDATE Service_State SET ever_filled = 1 WHERE ever_filled = 0;
END;
CREATE TRIGGER Jobs_after_update AFTER UPDATE ON Jobs BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id;
END;
-- Child rows follow their job, or go with it, where foreign keys are off. Else orphans would come back to
-- life with the next job of that number.
CREATE TRIGGER Jobs_after_renumber AFTER UPDATE ON Jobs WHEN NEW.job_id <> OLD.job_id BEGIN
  UPDATE Access_Policies SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Secret_References SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Network_Rules SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
  UPDATE Cluster_Configs SET job_id = NEW.job_id WHERE job_id = OLD.job_id;
END;
CREATE TRIGGER Jobs_after_delete AFTER DELETE ON Jobs BEGIN
  DELETE FROM Access_Policies WHERE job_id = OLD.job_id;
  DELETE FROM Secret_References WHERE job_id = OLD.job_id;
  DELETE FROM Network_Rules WHERE job_id = OLD.job_id;
  DELETE FROM Cluster_Configs WHERE job_id = OLD.job_id;
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id);
END;

CREATE TRIGGER Access_Policies_before_insert BEFORE INSERT ON Access_Policies BEGIN
  SELECT RAISE(ABORT, 'Access_Policies.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Access_Policies WHERE policy_id = NEW.policy_id; END;
CREATE TRIGGER Access_Policies_after_insert AFTER INSERT ON Access_Policies BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;
CREATE TRIGGER Access_Policies_before_update BEFORE UPDATE ON Access_Policies BEGIN
  SELECT RAISE(ABORT, 'Access_Policies.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Access_Policies WHERE policy_id = NEW.policy_id AND policy_id <> OLD.policy_id; END;
CREATE TRIGGER Access_Policies_after_update AFTER UPDATE ON Access_Policies BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;
CREATE TRIGGER Access_Policies_after_delete AFTER DELETE ON Access_Policies BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Secret_References_before_insert BEFORE INSERT ON Secret_References BEGIN
  SELECT RAISE(ABORT, 'Secret_References.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Secret_References WHERE reference_id = NEW.reference_id; END;
CREATE TRIGGER Secret_References_after_insert AFTER INSERT ON Secret_References BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;
CREATE TRIGGER Secret_References_before_update BEFORE UPDATE ON Secret_References BEGIN
  SELECT RAISE(ABORT, 'Secret_References.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Secret_References WHERE reference_id = NEW.reference_id AND reference_id <> OLD.reference_id; END;
CREATE TRIGGER Secret_References_after_update AFTER UPDATE ON Secret_References BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;
CREATE TRIGGER Secret_References_after_delete AFTER DELETE ON Secret_References BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Network_Rules_before_insert BEFORE INSERT ON Network_Rules BEGIN
  SELECT RAISE(ABORT, 'Network_Rules.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Network_Rules WHERE rule_id = NEW.rule_id; END;
CREATE TRIGGER Network_Rules_after_insert AFTER INSERT ON Network_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;
CREATE TRIGGER Network_Rules_before_update BEFORE UPDATE ON Network_Rules BEGIN
  SELECT RAISE(ABORT, 'Network_Rules.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Network_Rules WHERE rule_id = NEW.rule_id AND rule_id <> OLD.rule_id; END;
CREATE TRIGGER Network_Rules_after_update AFTER UPDATE ON Network_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;
CREATE TRIGGER Network_Rules_after_delete AFTER DELETE ON Network_Rules BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;

CREATE TRIGGER Cluster_Configs_before_insert BEFORE INSERT ON Cluster_Configs BEGIN
  SELECT RAISE(ABORT, 'Cluster_Configs.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Cluster_Configs WHERE config_id = NEW.config_id; END;
CREATE TRIGGER Cluster_Configs_after_insert AFTER INSERT ON Cluster_Configs BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (NEW.job_id); END;
CREATE TRIGGER Cluster_Configs_before_update BEFORE UPDATE ON Cluster_Configs BEGIN
  SELECT RAISE(ABORT, 'Cluster_Configs.job_id names a job that does not exist')
    WHERE NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = NEW.job_id);
  INSERT INTO Touched_Jobs (job_id) SELECT job_id FROM Cluster_Configs WHERE config_id = NEW.config_id AND config_id <> OLD.config_id; END;
CREATE TRIGGER Cluster_Configs_after_update AFTER UPDATE ON Cluster_Configs BEGIN
  INSERT INTO Touched_Jobs (job_id) SELECT OLD.job_id UNION SELECT NEW.job_id; END;
CREATE TRIGGER Cluster_Configs_after_delete AFTER DELETE ON Cluster_Configs BEGIN
  INSERT INTO Touched_Jobs (job_id) VALUES (OLD.job_id); END;
