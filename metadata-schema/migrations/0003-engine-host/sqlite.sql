-- An engine host that cannot get stuck: pauses, cancels, traces, adoption, doubt about state, upkeep.
--
-- As in 0001: constraints cover shape only, and times are text like 2026-01-31T08:00:00.000Z.

-- Subscriptions that Azure throttles. No work of theirs starts before `until`, on any replica.
CREATE TABLE Subscription_Pauses (
  subscription_id TEXT NOT NULL PRIMARY KEY,          -- in lower case
  until TEXT NOT NULL,
  reason TEXT NOT NULL,
  since TEXT NOT NULL                                 -- when the pause began, however often it was made longer
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- stacks
-- subscription_id: of the last spec, in lower case; NULL: it never had one. trace_id: of the change that led to
-- desired_hash. state_doubtful: 1 since a backup was restored, whose engine state may be older than the clouds.
ALTER TABLE Stacks ADD COLUMN subscription_id TEXT;
ALTER TABLE Stacks ADD COLUMN trace_id TEXT CHECK (length(trace_id) = 32);
ALTER TABLE Stacks ADD COLUMN state_doubtful INTEGER NOT NULL DEFAULT 0 CHECK (state_doubtful IN (0, 1));
UPDATE Stacks SET subscription_id = lower(coalesce(
  json_extract(desired_spec, '$.environment.subscriptionId'),
  json_extract(applied_spec, '$.environment.subscriptionId')));

-- All that queueFacts asks of due stacks, so that it reads no specs.
CREATE INDEX Stacks_queue ON Stacks (lane, due_at, next_attempt_at, lease_run_id) WHERE due_at IS NOT NULL;

-- ---------------------------------------------------------------- runs
-- trace_id: connects it with the edit that it follows from. cancel_asked_by: NULL as long as nobody wants it to end
-- early. adopt: [{"urn","id"}], what exists and the run takes over; NULL: nothing.
ALTER TABLE Runs ADD COLUMN trace_id TEXT CHECK (length(trace_id) = 32);
ALTER TABLE Runs ADD COLUMN cancel_asked_by TEXT;
ALTER TABLE Runs ADD COLUMN adopt TEXT CHECK (json_valid(adopt));

CREATE INDEX Runs_stack ON Runs (stack, number);
CREATE INDEX Runs_ended ON Runs (ended_at, number) WHERE ended_at IS NOT NULL;

-- Up to which run, in the order of Runs_ended, pruneRuns has looked; NULL: it begins with the first.
ALTER TABLE Service_State ADD COLUMN pruned_to_at TEXT;
ALTER TABLE Service_State ADD COLUMN pruned_to_number INTEGER;

-- ---------------------------------------------------------------- requests
-- A request may be for a stack instead of a job. A column loses its NOT NULL only with its table: the rows wait
-- aside, and each that comes back under its id mends the references of its runs, which are judged at the end of
-- the transaction. Renaming another table to Requests would not mend them.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE Requests_before AS SELECT * FROM Requests;
DROP TABLE Requests;
CREATE TABLE Requests (
  request_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  job_id INTEGER,
  stack TEXT,
  created_at TEXT NOT NULL,
  run_count INTEGER NOT NULL DEFAULT 0,               -- of its runs that were not pruned
  CHECK ((job_id IS NULL) <> (stack IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO Requests (request_id, kind, job_id, created_at, run_count)
  SELECT b.request_id, b.kind, b.job_id, b.created_at,
    (SELECT count(*) FROM Runs AS r WHERE r.request_id = b.request_id)
  FROM Requests_before AS b;
DROP TABLE Requests_before;
CREATE INDEX Requests_empty ON Requests (created_at) WHERE run_count = 0;
