-- An engine host that cannot get stuck, for Azure SQL and SQL Server. The SQLite twin beside it says what each
-- table and column is for; here is what differs.

CREATE TABLE Subscription_Pauses (
  subscription_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Subscription_Pauses_key PRIMARY KEY,
  until datetime2(3) NOT NULL,
  reason nvarchar(max) NOT NULL,
  since datetime2(3) NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON Subscription_Pauses TO rowgate_service;
GRANT SELECT ON Subscription_Pauses TO rowgate_auditor;

-- ---------------------------------------------------------------- stacks
ALTER TABLE Stacks ADD subscription_id nvarchar(64) COLLATE Latin1_General_100_BIN2 NULL;
ALTER TABLE Stacks ADD trace_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NULL CHECK (LEN(trace_id) = 32);
ALTER TABLE Stacks ADD state_doubtful bit NOT NULL CONSTRAINT Stacks_state_doubtful_default DEFAULT 0;
GO
UPDATE Stacks SET subscription_id = LOWER(COALESCE(
  JSON_VALUE(desired_spec, N'$.environment.subscriptionId'),
  JSON_VALUE(applied_spec, N'$.environment.subscriptionId')));

CREATE INDEX Stacks_queue ON Stacks (lane, due_at, next_attempt_at, lease_run_id) WHERE due_at IS NOT NULL;
-- As before, and with all that listWork asks of a due stack again.
DROP INDEX Stacks_due ON Stacks;
DROP INDEX Stacks_due_urgent ON Stacks;
CREATE INDEX Stacks_due ON Stacks (rank_at)
  INCLUDE (lane, next_attempt_at, lease_run_id, lease_expires_at, desired_hash_reversed, subscription_id)
  WHERE rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;
CREATE INDEX Stacks_due_urgent ON Stacks (rank_at)
  INCLUDE (next_attempt_at, lease_run_id, lease_expires_at, desired_hash_reversed, subscription_id)
  WHERE lane = 'urgent' AND rank_at IS NOT NULL AND next_attempt_at IS NOT NULL;

-- ---------------------------------------------------------------- runs
ALTER TABLE Runs ADD trace_id nvarchar(32) COLLATE Latin1_General_100_BIN2 NULL CHECK (LEN(trace_id) = 32);
ALTER TABLE Runs ADD cancel_asked_by nvarchar(256) NULL;
ALTER TABLE Runs ADD adopt nvarchar(max) NULL CHECK (ISJSON(adopt) = 1);
CREATE INDEX Runs_stack ON Runs (stack, number);
CREATE INDEX Runs_ended ON Runs (ended_at, number) WHERE ended_at IS NOT NULL;

ALTER TABLE Service_State ADD pruned_to_at datetime2(3) NULL;
ALTER TABLE Service_State ADD pruned_to_number bigint NULL;

-- ---------------------------------------------------------------- requests
-- The table is made anew, as its twin is.
ALTER TABLE Runs DROP CONSTRAINT Runs_request_exists;
SELECT request_id, kind, job_id, created_at INTO Requests_before FROM Requests;
DROP TABLE Requests;
GO
CREATE TABLE Requests (
  request_id nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT Requests_key PRIMARY KEY,
  kind nvarchar(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
  job_id int NULL,
  stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
  created_at datetime2(3) NOT NULL,
  run_count int NOT NULL CONSTRAINT Requests_run_count_default DEFAULT 0,
  CHECK ((job_id IS NULL AND stack IS NOT NULL) OR (job_id IS NOT NULL AND stack IS NULL))
);
INSERT INTO Requests (request_id, kind, job_id, created_at, run_count)
  SELECT b.request_id, b.kind, b.job_id, b.created_at,
    (SELECT COUNT(*) FROM Runs AS r WHERE r.request_id = b.request_id)
  FROM Requests_before AS b;
DROP TABLE Requests_before;
CREATE INDEX Requests_empty ON Requests (created_at) WHERE run_count = 0;
ALTER TABLE Runs ADD CONSTRAINT Runs_request_exists FOREIGN KEY (request_id) REFERENCES Requests (request_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON Requests TO rowgate_service;
GRANT SELECT ON Requests TO rowgate_auditor;
GO
