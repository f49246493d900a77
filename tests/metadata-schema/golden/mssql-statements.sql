-- ==== now: always
-- nothing

-- ==== ping: always
-- nothing

-- ==== close: always
-- nothing

-- ==== insertRows: one of each kind of value
-- write as service rowgate
INSERT INTO Environments (name, is_default, location, subscription_id, tenant_id, resource_group, address_space, service_address) VALUES (@v_name, @v_is_default, @v_location, @v_subscription_id, @v_tenant_id, @v_resource_group, @v_address_space, @v_service_address)
--   @v_name = 'eastus'
--   @v_is_default = true
--   @v_location = 'eastus'
--   @v_subscription_id = '11111111-1111-1111-1111-111111111111'
--   @v_tenant_id = '22222222-2222-2222-2222-222222222222'
--   @v_resource_group = 'rg-eastus'
--   @v_address_space = '10.20.0.0/22'
--   @v_service_address = '203.0.113.7/32'

-- write as service rowgate
INSERT INTO Jobs DEFAULT VALUES

-- write as service rowgate
INSERT INTO Access_Policies (job_id, role, permissions, entra_id_group) VALUES (@v_job_id, @v_role, @v_permissions, @v_entra_id_group)
--   @v_job_id = 201
--   @v_role = 'DataScientist'
--   @v_permissions = '["read_model"]'
--   @v_entra_id_group = 'ds_team'

-- ==== changeRows: an update, a delete and an update of nothing
-- write as person mei.tanaka@contoso.example
SELECT * FROM Jobs WITH (UPDLOCK, HOLDLOCK) WHERE job_id = @key
--   @key = 201

-- write as person mei.tanaka@contoso.example
DELETE FROM Jobs WHERE job_id = @key
--   @key = 201

-- write as person mei.tanaka@contoso.example
SELECT * FROM Environments WITH (UPDLOCK, HOLDLOCK) WHERE name = @key
--   @key = 'eastus'

-- write as person mei.tanaka@contoso.example
UPDATE Environments SET own_group_members = @v_own_group_members
WHERE name = @key
--   @v_own_group_members = '["mei.tanaka@contoso.example"]'
--   @key = 'eastus'

-- write as person mei.tanaka@contoso.example
SELECT * FROM Jobs WITH (UPDLOCK, HOLDLOCK) WHERE job_id = @key
--   @key = 201

-- write as person mei.tanaka@contoso.example
UPDATE Jobs SET name = @v_name, enabled = @v_enabled
WHERE job_id = @key
--   @v_name = 'churn 2'
--   @v_enabled = false
--   @key = 201

-- write as person mei.tanaka@contoso.example
SELECT * FROM Jobs WITH (UPDLOCK, HOLDLOCK) WHERE job_id = @key
--   @key = 201

-- ==== changeRows: beside rows that are as they were read
-- write as person mei.tanaka@contoso.example
SELECT job_id, policy_id AS row_key FROM Access_Policies WITH (UPDLOCK, HOLDLOCK)
WHERE job_id IN (SELECT CAST(value AS int) FROM OPENJSON(@jobs))
--   @jobs = '[201,202]'

-- write as person mei.tanaka@contoso.example
INSERT INTO Jobs (job_id) VALUES (@v_job_id)
--   @v_job_id = 300

-- ==== readRows: all tables
-- read
SELECT * FROM Environments ORDER BY name;
SELECT * FROM Integration_Runtimes ORDER BY name;
SELECT * FROM Data_Sources ORDER BY name;
SELECT * FROM Models ORDER BY name;
SELECT * FROM Jobs ORDER BY job_id;
SELECT * FROM Access_Policies ORDER BY policy_id;
SELECT * FROM Secret_References ORDER BY reference_id;
SELECT * FROM Network_Rules ORDER BY rule_id;
SELECT * FROM Cluster_Configs ORDER BY config_id;
SELECT * FROM Pipeline_Settings ORDER BY setting_id;
SELECT * FROM Alert_Rules ORDER BY alert_id;
SELECT * FROM Guardrail_Exceptions ORDER BY exception_id

-- ==== readRows: rows of one job
-- read
SELECT * FROM Jobs WHERE job_id = @jobId ORDER BY job_id;
SELECT * FROM Network_Rules WHERE job_id = @jobId ORDER BY rule_id
--   @jobId = 201

-- ==== isEmpty: always
-- query
SELECT id FROM Service_State WHERE ever_filled = 1

-- ==== listJobs: all
-- query
SELECT * FROM Jobs ORDER BY job_id

-- ==== listJobs: a page
-- query
SELECT TOP (@limit) * FROM Jobs WHERE job_id > @after ORDER BY job_id
--   @after = 200
--   @limit = 50

-- ==== getJob: always
-- query
SELECT * FROM Jobs WHERE job_id = @jobId
--   @jobId = 201

-- ==== loadJob: of the default environment
-- read
SELECT * FROM Jobs WHERE job_id = @jobId;
SELECT e.* FROM Jobs AS j JOIN Environments AS e
  ON e.name = j.environment OR (j.environment IS NULL AND e.is_default = 1) WHERE j.job_id = @jobId;
SELECT * FROM Access_Policies WHERE job_id = @jobId ORDER BY policy_id;
SELECT * FROM Secret_References WHERE job_id = @jobId ORDER BY reference_id;
SELECT * FROM Network_Rules WHERE job_id = @jobId ORDER BY rule_id;
SELECT * FROM Cluster_Configs WHERE job_id = @jobId ORDER BY config_id;
SELECT * FROM Pipeline_Settings WHERE job_id = @jobId ORDER BY setting_id;
SELECT * FROM Alert_Rules WHERE job_id = @jobId ORDER BY alert_id;
SELECT * FROM Guardrail_Exceptions WHERE job_id = @jobId ORDER BY exception_id;
SELECT * FROM Data_Sources
WHERE name IN (SELECT data_source FROM Pipeline_Settings WHERE job_id = @jobId) ORDER BY name;
SELECT r.* FROM Jobs AS j JOIN Environments AS e
  ON e.name = j.environment OR (j.environment IS NULL AND e.is_default = 1) JOIN Integration_Runtimes AS r ON (r.environment = e.name OR (r.environment IS NULL AND e.is_default = 1))
WHERE j.job_id = @jobId ORDER BY r.name;
SELECT * FROM Models WHERE name IN (
  SELECT model FROM Jobs WHERE job_id = @jobId
  UNION SELECT model FROM Access_Policies WHERE job_id = @jobId
  UNION SELECT e.catalog_name + N'.' + e.schema_name + N'.job_' + CAST(j.job_id AS nvarchar(12))
    FROM Jobs AS j JOIN Environments AS e
  ON e.name = j.environment OR (j.environment IS NULL AND e.is_default = 1) WHERE j.job_id = @jobId AND j.model IS NULL) ORDER BY name;

SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE subject = @subject ORDER BY stack;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE source = @subject ORDER BY referenced_stack, [output];
SELECT row_table, row_key, name, object_id FROM Recorded_References
WHERE subject = @subject ORDER BY row_table, row_key, name
--   @jobId = 201
--   @subject = 'job:201'

-- read
SELECT stack, seq FROM Output_Changes WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks));
SELECT stack, name, value FROM Stack_Outputs
WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks)) ORDER BY stack, name
--   @stacks = '["platform-eastus","workspace-eastus","runtimes-eastus","job-eastus-201"]'

-- ==== loadEnvironment: always
-- read
SELECT * FROM Environments WHERE name = @name;
SELECT r.* FROM Environments AS e JOIN Integration_Runtimes AS r ON (r.environment = e.name OR (r.environment IS NULL AND e.is_default = 1))
WHERE e.name = @name ORDER BY r.name;

SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE subject = @subject ORDER BY stack;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE source = @subject ORDER BY referenced_stack, [output];
SELECT row_table, row_key, name, object_id FROM Recorded_References
WHERE subject = @subject ORDER BY row_table, row_key, name
--   @name = 'eastus'
--   @subject = 'environment:eastus'

-- read
SELECT stack, seq FROM Output_Changes WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks));
SELECT stack, name, value FROM Stack_Outputs
WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks)) ORDER BY stack, name
--   @stacks = '["platform-eastus"]'

-- ==== readChanges: one entry each
-- query
SELECT TOP (@limit) MAX(seq) AS seq, COUNT(*) AS entries, job_id FROM Job_Changes WITH (READPAST, READCOMMITTEDLOCK)
GROUP BY job_id ORDER BY MAX(seq);
SELECT TOP (@limit) MAX(seq) AS seq, COUNT(*) AS entries, environment FROM Environment_Changes WITH (READPAST, READCOMMITTEDLOCK)
GROUP BY environment ORDER BY MAX(seq)
--   @limit = 100

-- ==== readChanges: older entries
-- query
SELECT TOP (@limit) MAX(seq) AS seq, COUNT(*) AS entries, job_id FROM Job_Changes WITH (READPAST, READCOMMITTEDLOCK)
GROUP BY job_id ORDER BY MAX(seq);
SELECT TOP (@limit) MAX(seq) AS seq, COUNT(*) AS entries, environment FROM Environment_Changes WITH (READPAST, READCOMMITTEDLOCK)
GROUP BY environment ORDER BY MAX(seq)
--   @limit = 100

-- query
DELETE o FROM Job_Changes AS o WITH (READPAST, READCOMMITTEDLOCK) JOIN Job_Changes AS n WITH (READPAST, READCOMMITTEDLOCK)
  ON n.job_id = o.job_id AND n.seq > o.seq WHERE n.seq <= @newest;
DELETE o FROM Environment_Changes AS o WITH (READPAST, READCOMMITTEDLOCK) JOIN Environment_Changes AS n WITH (READPAST, READCOMMITTEDLOCK)
  ON n.environment = o.environment AND n.seq > o.seq WHERE n.seq <= @newest
--   @newest = 9

-- ==== touch: always
-- write
INSERT INTO Job_Changes (job_id) SELECT CAST(value AS int) FROM OPENJSON(@jobs);
INSERT INTO Environment_Changes (environment) SELECT value FROM OPENJSON(@environments)
--   @jobs = '[201,202]'
--   @environments = '["eastus"]'

-- ==== wake: nothing is due
-- query
SELECT subject FROM Wakeups WHERE wake_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))

-- ==== wake: one subject is due
-- query
SELECT subject FROM Wakeups WHERE wake_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))

-- write
DELETE FROM Wakeups OUTPUT deleted.subject WHERE wake_at <= @now

-- write
INSERT INTO Job_Changes (job_id) SELECT CAST(value AS int) FROM OPENJSON(@jobs);
INSERT INTO Environment_Changes (environment) SELECT value FROM OPENJSON(@environments)
--   @jobs = '[201]'
--   @environments = '[]'

-- ==== commitResolution: of a job
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT MAX(seq) AS seq FROM Job_Changes WITH (READPAST, READCOMMITTEDLOCK) WHERE job_id = @jobId
--   @resource = 'subject:job:201'
--   @jobId = 201

-- write
DELETE FROM Job_Changes WHERE seq = @seq AND job_id = @jobId
--   @seq = 7
--   @jobId = 201

-- write
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE subject = @subject ORDER BY stack;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE source = @subject ORDER BY referenced_stack, [output]
--   @subject = 'job:201'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:acl-eastus'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:pe-eastus'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
DELETE FROM Contributions WHERE subject = @subject;
DELETE FROM Stack_References WHERE source = @subject
--   @subject = 'job:201'

-- write
INSERT INTO Contributions (subject, stack, kind, environment, base, wanted, admitted, urgent) VALUES
(@r0_subject, @r0_stack, @r0_kind, @r0_environment, @r0_base, @r0_wanted, @r0_admitted, @r0_urgent),
(@r1_subject, @r1_stack, @r1_kind, @r1_environment, @r1_base, @r1_wanted, @r1_admitted, @r1_urgent)
--   @r0_subject = 'job:201'
--   @r0_stack = 'acl-eastus'
--   @r0_kind = 'acl'
--   @r0_environment = 'eastus'
--   @r0_base = null
--   @r0_wanted = '[{"row":{"table":"Access_Policies","key":"1"},"ask":"read_model for ds_team","item":{"kind":"access-control","objectType":"job","accessControl":{"principal":"group","name":"ds_team","level":"CAN_VIEW"}}}]'
--   @r0_admitted = '[{"row":{"table":"Access_Policies","key":"1"},"ask":"read_model for ds_team","item":{"kind":"access-control","objectType":"job","accessControl":{"principal":"group","name":"ds_team","level":"CAN_VIEW"}}}]'
--   @r0_urgent = false
--   @r1_subject = 'job:201'
--   @r1_stack = 'pe-eastus'
--   @r1_kind = 'acl'
--   @r1_environment = 'eastus'
--   @r1_base = '{"kind":"platform"}'
--   @r1_wanted = '[{"row":{"table":"Access_Policies","key":"1"},"ask":"read_model for ds_team","item":{"kind":"access-control","objectType":"job","accessControl":{"principal":"group","name":"ds_team","level":"CAN_VIEW"}}}]'
--   @r1_admitted = '[{"row":{"table":"Access_Policies","key":"1"},"ask":"read_model for ds_team","item":{"kind":"access-control","objectType":"job","accessControl":{"principal":"group","name":"ds_team","level":"CAN_VIEW"}}}]'
--   @r1_urgent = true

-- write
INSERT INTO Stack_References (stack, source, referenced_stack, [output])
SELECT DISTINCT @stack, @source, r.stack COLLATE Latin1_General_100_BIN2, r.[output] COLLATE Latin1_General_100_BIN2
FROM OPENJSON(@list) WITH (stack nvarchar(200), [output] nvarchar(128)) AS r
WHERE NOT EXISTS (SELECT 1 FROM Stack_References AS s WHERE s.stack = @stack AND s.source = @source
  AND s.referenced_stack = r.stack COLLATE Latin1_General_100_BIN2
  AND s.[output] = r.[output] COLLATE Latin1_General_100_BIN2)
--   @stack = 'acl-eastus'
--   @source = 'job:201'
--   @list = '[{"stack":"platform-eastus","output":"workspaceUrl"}]'

-- write
DECLARE @last bigint = (SELECT ISNULL(MAX(listed), 0) FROM Stack_Merges WHERE listed IS NOT NULL);
DECLARE @wanted TABLE (stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, place int NOT NULL);
INSERT INTO @wanted (stack, place) SELECT value, CAST([key] AS int) + 1 FROM OPENJSON(@stacks);
UPDATE m SET version = m.version + 1, listed = ISNULL(m.listed, @last + w.place)
FROM Stack_Merges AS m JOIN @wanted AS w ON w.stack = m.stack;
INSERT INTO Stack_Merges (stack, version, listed) SELECT w.stack, 1, @last + w.place FROM @wanted AS w
WHERE NOT EXISTS (SELECT 1 FROM Stack_Merges AS m WHERE m.stack = w.stack)
--   @stacks = '["acl-eastus","pe-eastus","platform-eastus"]'

-- write
SELECT subject_key, type FROM Conditions WHERE resolved_subject = @subject
--   @subject = 'job:201'

-- write
DELETE FROM Conditions WHERE subject_kind = @kind AND subject_key = @key AND type = @type
--   @kind = 'row'
--   @key = 'Jobs 201'
--   @type = 'Waiting'

-- write
DECLARE @items TABLE (subject_kind nvarchar(16) COLLATE Latin1_General_100_BIN2,
  subject_key nvarchar(600) COLLATE Latin1_General_100_BIN2, type nvarchar(64) COLLATE Latin1_General_100_BIN2,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2, reason nvarchar(64) COLLATE Latin1_General_100_BIN2,
  message nvarchar(max), resolved_subject nvarchar(80) COLLATE Latin1_General_100_BIN2);
INSERT INTO @items (subject_kind, subject_key, type, status, reason, message, resolved_subject) VALUES
(@r0_kind, @r0_key, @r0_type, @r0_status, @r0_reason, @r0_message, @r0_resolvedSubject);
DELETE FROM @items WHERE subject_kind = 'job'
  AND NOT EXISTS (SELECT 1 FROM Jobs AS j WHERE j.job_id = TRY_CAST(subject_key AS int));
UPDATE c SET since = CASE WHEN c.status = i.status THEN c.since ELSE @now END, status = i.status,
  reason = i.reason, message = i.message, resolved_subject = ISNULL(i.resolved_subject, c.resolved_subject)
FROM Conditions AS c JOIN @items AS i
  ON i.subject_kind = c.subject_kind AND i.subject_key = c.subject_key AND i.type = c.type;
INSERT INTO Conditions (subject_kind, subject_key, type, status, reason, message, since, resolved_subject)
SELECT i.subject_kind, i.subject_key, i.type, i.status, i.reason, i.message, @now, i.resolved_subject FROM @items AS i
WHERE NOT EXISTS (SELECT 1 FROM Conditions AS c
  WHERE c.subject_kind = i.subject_kind AND c.subject_key = i.subject_key AND c.type = i.type)
--   @r0_kind = 'row'
--   @r0_key = 'Access_Policies 1'
--   @r0_type = 'Blocked'
--   @r0_status = 'True'
--   @r0_reason = 'NoGroup'
--   @r0_message = 'There is no group ds_team.'
--   @r0_resolvedSubject = 'job:201'

-- write
DELETE FROM Conditions WHERE subject_kind = 'job' AND subject_key = @key
AND NOT EXISTS (SELECT 1 FROM Jobs WHERE job_id = @jobId)
--   @jobId = 201
--   @key = '201'

-- write
DELETE FROM Recorded_References WHERE subject = @subject
--   @subject = 'job:201'

-- write
INSERT INTO Recorded_References (subject, row_table, row_key, name, object_id) VALUES
(@r0_subject, @r0_table, @r0_key, @r0_name, @r0_objectId)
--   @r0_subject = 'job:201'
--   @r0_table = 'Access_Policies'
--   @r0_key = '1'
--   @r0_name = 'group ds_team'
--   @r0_objectId = '0c558b56'

-- write
DELETE FROM Wakeups WHERE subject = @subject;
IF @wakeAt IS NOT NULL INSERT INTO Wakeups (subject, wake_at) VALUES (@subject, @wakeAt)
--   @subject = 'job:201'
--   @wakeAt = 2026-04-01T00:00:00.000Z

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Shared', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'outputs:platform-eastus'

-- write
SELECT seq FROM Output_Changes WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
INSERT INTO Job_Changes (job_id) SELECT CAST(value AS int) FROM OPENJSON(@jobs);
INSERT INTO Environment_Changes (environment) SELECT value FROM OPENJSON(@environments)
--   @jobs = '[201]'
--   @environments = '[]'

-- ==== commitResolution: of an environment
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT MAX(seq) AS seq FROM Environment_Changes WITH (READPAST, READCOMMITTEDLOCK) WHERE environment = @name
--   @resource = 'subject:environment:eastus'
--   @name = 'eastus'

-- write
DELETE FROM Environment_Changes WHERE seq = @seq AND environment = @name
--   @seq = 9
--   @name = 'eastus'

-- write
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE subject = @subject ORDER BY stack;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE source = @subject ORDER BY referenced_stack, [output]
--   @subject = 'environment:eastus'

-- write
DELETE FROM Contributions WHERE subject = @subject;
DELETE FROM Stack_References WHERE source = @subject
--   @subject = 'environment:eastus'

-- write
SELECT subject_key, type FROM Conditions WHERE resolved_subject = @subject
--   @subject = 'environment:eastus'

-- write
DELETE FROM Recorded_References WHERE subject = @subject
--   @subject = 'environment:eastus'

-- write
DELETE FROM Wakeups WHERE subject = @subject;
IF @wakeAt IS NOT NULL INSERT INTO Wakeups (subject, wake_at) VALUES (@subject, @wakeAt)
--   @subject = 'environment:eastus'
--   @wakeAt = null

-- ==== commitResolution: somebody else's already
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT MAX(seq) AS seq FROM Job_Changes WITH (READPAST, READCOMMITTEDLOCK) WHERE job_id = @jobId
--   @resource = 'subject:job:201'
--   @jobId = 201

-- ==== stacksToMerge: one stack
-- query
SELECT TOP (@limit) stack, version FROM Stack_Merges WHERE listed IS NOT NULL ORDER BY listed, stack
--   @limit = 10

-- query
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE stack = @stack AND admitted <> N'[]' ORDER BY subject;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE stack = @stack AND source <> N'' ORDER BY referenced_stack, [output]
--   @stack = 'platform-eastus'

-- query
SELECT * FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- ==== setDesired: a new stack
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT version FROM Stack_Merges WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
INSERT INTO Stacks (stack, kind, environment, desired_spec, desired_hash, desired_hash_reversed,
  desired_references, subscription_id, desired_version, desired_at, lane, next_attempt_at, trace_id)
VALUES (@stack, @kind, @environment, @spec, @hash, @reversed, @references, @subscription, @version, @now, @lane, @now,
  @traceId)
--   @stack = 'platform-eastus'
--   @version = 1
--   @kind = 'platform'
--   @environment = 'eastus'
--   @spec = '{"kind":"platform","stack":"platform-eastus","environment":{"name":"eastus","location":"eastus","subscriptionId":"11111111-1111-1111-1111-111111111111","tenantId":"22222222-2222-2222-2222-222222222222","resourceGroup":"rg-eastus","existing":{}},"addressSpace":"10.20.0.0/22","ownGroup":null,"serviceUrl":null,"alertEmails":[],"production":true,"deletionProtection":true}'
--   @hash = 'hash-1'
--   @reversed = '1-hsah'
--   @references = '[]'
--   @subscription = '11111111-1111-1111-1111-111111111111'
--   @lane = 'urgent'
--   @traceId = null

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:00:00.000Z
--   @lane = 'urgent'

-- write
UPDATE Runs SET lane = @lane WHERE stack = @stack AND status = 'queued'
--   @stack = 'platform-eastus'
--   @lane = 'urgent'

-- ==== setDesired: another hash and lane
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT version FROM Stack_Merges WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stack_Merges SET listed = NULL WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET kind = @kind, environment = @environment, desired_spec = @spec,
  desired_hash = @hash, desired_hash_reversed = @reversed, desired_references = @references,
  subscription_id = COALESCE(@subscription, subscription_id), desired_version = @version WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @version = 2
--   @kind = 'platform'
--   @environment = 'eastus'
--   @spec = '{"kind":"platform","stack":"platform-eastus","environment":{"name":"eastus","location":"eastus","subscriptionId":"11111111-1111-1111-1111-111111111111","tenantId":"22222222-2222-2222-2222-222222222222","resourceGroup":"rg-eastus","existing":{}},"addressSpace":"10.20.0.0/22","ownGroup":null,"serviceUrl":null,"alertEmails":[],"production":true,"deletionProtection":true}'
--   @hash = 'hash-2'
--   @reversed = '2-hsah'
--   @references = '[]'
--   @subscription = '11111111-1111-1111-1111-111111111111'

-- write
UPDATE Stacks SET desired_at = @now, attempts = 0, next_attempt_at = @now,
  failure_class = NULL, failure_message = NULL, trace_id = @traceId WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @traceId = null

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:00:00.000Z
--   @lane = 'urgent'

-- write
UPDATE Runs SET lane = @lane WHERE stack = @stack AND status = 'queued'
--   @stack = 'platform-eastus'
--   @lane = 'urgent'

-- ==== setDesired: older than the contributions
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT version FROM Stack_Merges WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
DECLARE @last bigint = (SELECT ISNULL(MAX(listed), 0) FROM Stack_Merges WHERE listed IS NOT NULL);
DECLARE @wanted TABLE (stack nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY, place int NOT NULL);
INSERT INTO @wanted (stack, place) SELECT value, CAST([key] AS int) + 1 FROM OPENJSON(@stacks);
UPDATE m SET version = m.version + 1, listed = ISNULL(m.listed, @last + w.place)
FROM Stack_Merges AS m JOIN @wanted AS w ON w.stack = m.stack;
INSERT INTO Stack_Merges (stack, version, listed) SELECT w.stack, 1, @last + w.place FROM @wanted AS w
WHERE NOT EXISTS (SELECT 1 FROM Stack_Merges AS m WHERE m.stack = w.stack)
--   @stacks = '["platform-eastus"]'

-- write
UPDATE Stacks SET kind = @kind, environment = @environment, desired_spec = @spec,
  desired_hash = @hash, desired_hash_reversed = @reversed, desired_references = @references,
  subscription_id = COALESCE(@subscription, subscription_id), desired_version = @version WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @version = 1
--   @kind = 'platform'
--   @environment = 'eastus'
--   @spec = '{"kind":"platform","stack":"platform-eastus","environment":{"name":"eastus","location":"eastus","subscriptionId":"11111111-1111-1111-1111-111111111111","tenantId":"22222222-2222-2222-2222-222222222222","resourceGroup":"rg-eastus","existing":{}},"addressSpace":"10.20.0.0/22","ownGroup":null,"serviceUrl":null,"alertEmails":[],"production":true,"deletionProtection":true}'
--   @hash = 'hash-1'
--   @reversed = '1-hsah'
--   @references = '[]'
--   @subscription = '11111111-1111-1111-1111-111111111111'

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:10:00.000Z
--   @lane = 'normal'

-- ==== setDesired: a stack that never had a lease disappears
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT version FROM Stack_Merges WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stack_Outputs WHERE stack = @stack;
DELETE FROM Stack_References WHERE stack = @stack AND source = N'';
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Conditions WHERE subject_kind = 'stack' AND subject_key = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Runs SET status = 'canceled', ended_at = @now, failure_class = 'permanent',
  failure_message = @message WHERE status = 'queued' AND stack = @stack
--   @stack = 'platform-eastus'
--   @message = 'Nothing asks for the stack any more.'

-- ==== stacksOfOtherVersion: always
-- query
SELECT TOP (@limit) * FROM Stacks
WHERE desired_hash_reversed < @from OR desired_hash_reversed >= @to
--   @from = '0.2.1:'
--   @to = '0.2.1:￿'
--   @limit = 10

-- ==== getStack: always
-- query
SELECT * FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- ==== listStacks: always
-- query
SELECT * FROM Stacks ORDER BY stack

-- ==== stacksAmong: always
-- query
SELECT stack FROM Stacks
WHERE stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@names))
--   @names = '["platform-eastus","platform-gone"]'

-- ==== distrustState: always
-- write
UPDATE Stacks SET state_doubtful = 1, applied_hash = NULL, attempts = 0, next_attempt_at = @now,
  due_at = COALESCE(due_at, @now),
  rank_at = COALESCE(rank_at, CASE lane WHEN 'urgent' THEN @urgent WHEN 'normal' THEN @normal ELSE @upgrade END)
--   @urgent = 2026-03-01T08:00:00.000Z
--   @normal = 2026-03-01T08:10:00.000Z
--   @upgrade = 2026-03-01T09:00:00.000Z

-- ==== jobContributions: always
-- query
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE subject = @subject ORDER BY stack;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE source = @subject ORDER BY referenced_stack, [output]
--   @subject = 'job:201'

-- ==== stackContributions: always
-- query
SELECT subject, stack, kind, environment, base, wanted, admitted, urgent FROM Contributions
WHERE stack = @stack ORDER BY subject;
SELECT stack, source, referenced_stack, [output] FROM Stack_References
WHERE stack = @stack AND source <> N'' ORDER BY referenced_stack, [output]
--   @stack = 'platform-eastus'

-- ==== listWork: all lanes
-- query
SELECT TOP (@limit) q.stack, q.run_id, q.number, DATEADD(second, CASE s.lane
    WHEN 'urgent' THEN 0 WHEN 'normal' THEN 600
    ELSE 3600 END, q.queued_at) AS rank_at
FROM Runs AS q WITH (READPAST, READCOMMITTEDLOCK) JOIN Stacks AS s WITH (READPAST, READCOMMITTEDLOCK) ON s.stack = q.stack
WHERE q.status = 'queued' AND (s.lease_run_id IS NULL OR s.lease_expires_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3))))
  AND NOT (q.kind IN ('update', 'destroy') AND (s.desired_hash_reversed IS NULL OR q.kind = 'destroy') AND EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack))
  AND NOT EXISTS (SELECT 1 FROM Subscription_Pauses AS p
  WHERE p.subscription_id = s.subscription_id AND p.until > COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))) ORDER BY rank_at, q.number;
SELECT TOP (@limit) s.stack, s.rank_at FROM Stacks AS s WITH (READPAST, READCOMMITTEDLOCK)
WHERE s.rank_at IS NOT NULL AND s.next_attempt_at IS NOT NULL AND s.next_attempt_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))
  AND (s.lease_run_id IS NULL OR s.lease_expires_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))) AND NOT (s.desired_hash_reversed IS NULL AND EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack)) AND NOT EXISTS (SELECT 1 FROM Subscription_Pauses AS p
  WHERE p.subscription_id = s.subscription_id AND p.until > COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))) ORDER BY s.rank_at
--   @limit = 10

-- query
SELECT * FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- query
SELECT * FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- query
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- ==== listWork: urgent
-- query
SELECT TOP (@limit) q.stack, q.run_id, q.number, DATEADD(second, CASE s.lane
    WHEN 'urgent' THEN 0 WHEN 'normal' THEN 600
    ELSE 3600 END, q.queued_at) AS rank_at
FROM Runs AS q WITH (READPAST, READCOMMITTEDLOCK) JOIN Stacks AS s WITH (READPAST, READCOMMITTEDLOCK) ON s.stack = q.stack
WHERE q.lane = 'urgent' AND q.status = 'queued' AND (s.lease_run_id IS NULL OR s.lease_expires_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3))))
  AND NOT (q.kind IN ('update', 'destroy') AND (s.desired_hash_reversed IS NULL OR q.kind = 'destroy') AND EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack))
  AND NOT EXISTS (SELECT 1 FROM Subscription_Pauses AS p
  WHERE p.subscription_id = s.subscription_id AND p.until > COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))) ORDER BY q.queued_at, q.number;
SELECT TOP (@limit) s.stack, s.rank_at FROM Stacks AS s WITH (READPAST, READCOMMITTEDLOCK)
WHERE s.lane = 'urgent' AND s.rank_at IS NOT NULL AND s.next_attempt_at IS NOT NULL AND s.next_attempt_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))
  AND (s.lease_run_id IS NULL OR s.lease_expires_at <= COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))) AND NOT (s.desired_hash_reversed IS NULL AND EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack)) AND NOT EXISTS (SELECT 1 FROM Subscription_Pauses AS p
  WHERE p.subscription_id = s.subscription_id AND p.until > COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3)))) ORDER BY s.rank_at
--   @limit = 10

-- ==== listHeldDestroys: always
-- query
SELECT h.stack, h.held_by FROM (SELECT s.stack, (SELECT MIN(r.stack) FROM Stack_References AS r
    WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack) AS held_by
  FROM Stacks AS s WHERE s.desired_hash_reversed IS NULL) AS h
WHERE h.held_by IS NOT NULL ORDER BY h.stack

-- ==== queueFacts: always
-- read
SELECT lane, COUNT(CASE WHEN next_attempt_at <= @now THEN 1 END) AS due,
  MIN(CASE WHEN next_attempt_at <= @now THEN due_at END) AS oldest_due_at,
  COUNT(CASE WHEN next_attempt_at > @now THEN 1 END) AS waiting,
  COUNT(CASE WHEN next_attempt_at IS NULL THEN 1 END) AS given_up
FROM Stacks WHERE due_at IS NOT NULL AND lease_run_id IS NULL GROUP BY lane;
SELECT COUNT(*) AS running, MIN(r.started_at) AS oldest
FROM Stacks AS s JOIN Runs AS r ON r.run_id = s.lease_run_id WHERE s.lease_run_id IS NOT NULL;
SELECT COUNT(*) AS queued FROM Runs WHERE status = 'queued'

-- ==== pauseSubscription: always
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'pauses'

-- write
DELETE FROM Subscription_Pauses WHERE until <= @now;
UPDATE Subscription_Pauses SET until = @until, reason = @reason
WHERE subscription_id = @subscription AND until < @until;
INSERT INTO Subscription_Pauses (subscription_id, until, reason, since) SELECT @subscription, @until, @reason, @now
WHERE NOT EXISTS (SELECT 1 FROM Subscription_Pauses WHERE subscription_id = @subscription)
--   @subscription = '1111-aa'
--   @until = 2026-03-01T08:01:00.000Z
--   @reason = 'Azure answers 429.'

-- ==== listPauses: always
-- query
SELECT subscription_id, until, reason, since FROM Subscription_Pauses
WHERE until > COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3))) ORDER BY subscription_id

-- ==== outputs: after a success
-- read
SELECT * FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- read
SELECT name, value FROM Stack_Outputs WHERE stack = @stack ORDER BY name
--   @stack = 'platform-eastus'

-- ==== acquireLease: to update
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT until FROM Subscription_Pauses
WHERE subscription_id = @subscription AND until > @now
--   @subscription = '11111111-1111-1111-1111-111111111111'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Shared', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'references'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Stacks SET lease_epoch = @epoch, lease_owner = @owner, lease_expires_at = @expiresAt,
  lease_run_id = @runId, last_run_id = @runId WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @epoch = 3
--   @owner = '{"host":"host-a","pid":4242,"startedAt":"8812345"}'
--   @expiresAt = 2026-03-01T08:00:30.000Z
--   @runId = 'run-3'

-- write
UPDATE Runs SET kind = @kind, reason = @reason, status = 'running', spec_hash = @specHash,
  spec_references = @references, epoch = @epoch, started_at = @now WHERE run_id = @runId;
IF @@ROWCOUNT = 0
  INSERT INTO Runs (run_id, stack, kind, reason, status, spec_hash, spec_references, epoch, trace_id, queued_at,
    started_at)
  VALUES (@runId, @stack, @kind, @reason, 'running', @specHash, @references, @epoch, @traceId, @now, @now)
--   @runId = 'run-3'
--   @stack = 'platform-eastus'
--   @kind = 'update'
--   @reason = 'spec-changed'
--   @specHash = 'hash-1'
--   @references = '[{"stack":"platform-hub","output":"zoneId"}]'
--   @epoch = 3
--   @traceId = '0af7651916cd43dd8448eb211c80319c'

-- write
UPDATE Stacks SET applied_hash = NULL, leased_spec = desired_spec, next_attempt_at = @now
WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:10:00.000Z
--   @lane = 'normal'

-- write
INSERT INTO Stack_References (stack, source, referenced_stack, [output])
SELECT DISTINCT @stack, @source, r.stack COLLATE Latin1_General_100_BIN2, r.[output] COLLATE Latin1_General_100_BIN2
FROM OPENJSON(@list) WITH (stack nvarchar(200), [output] nvarchar(128)) AS r
WHERE NOT EXISTS (SELECT 1 FROM Stack_References AS s WHERE s.stack = @stack AND s.source = @source
  AND s.referenced_stack = r.stack COLLATE Latin1_General_100_BIN2
  AND s.[output] = r.[output] COLLATE Latin1_General_100_BIN2)
--   @stack = 'platform-eastus'
--   @source = ''
--   @list = '[{"stack":"platform-hub","output":"zoneId"}]'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-2'

-- ==== acquireLease: to destroy, after an expired lease
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT until FROM Subscription_Pauses
WHERE subscription_id = @subscription AND until > @now
--   @subscription = '11111111-1111-1111-1111-111111111111'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'references'

-- write
SELECT s.stack FROM Stacks AS s WHERE s.stack = @stack AND EXISTS (SELECT 1 FROM Stack_References AS r
  WHERE r.referenced_stack = s.stack AND r.source = N'' AND r.stack <> s.stack)
--   @stack = 'platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET status = 'lost', ended_at = @now, failure_class = 'unknown',
  failure_message = @message WHERE run_id = @runId AND status = 'running'
--   @runId = 'run-3'
--   @message = 'Its lease expired before it ended.'

-- write
UPDATE Stacks SET lease_epoch = @epoch, lease_owner = @owner, lease_expires_at = @expiresAt,
  lease_run_id = @runId, last_run_id = @runId WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @epoch = 4
--   @owner = '{"host":"host-a","pid":4242,"startedAt":"8812345"}'
--   @expiresAt = 2026-03-01T08:00:30.000Z
--   @runId = 'run-3'

-- write
UPDATE Runs SET kind = @kind, reason = @reason, status = 'running', spec_hash = @specHash,
  spec_references = @references, epoch = @epoch, started_at = @now WHERE run_id = @runId;
IF @@ROWCOUNT = 0
  INSERT INTO Runs (run_id, stack, kind, reason, status, spec_hash, spec_references, epoch, trace_id, queued_at,
    started_at)
  VALUES (@runId, @stack, @kind, @reason, 'running', @specHash, @references, @epoch, @traceId, @now, @now)
--   @runId = 'run-3'
--   @stack = 'platform-eastus'
--   @kind = 'destroy'
--   @reason = 'spec-changed'
--   @specHash = 'hash-1'
--   @references = '[{"stack":"platform-hub","output":"zoneId"}]'
--   @epoch = 4
--   @traceId = '0af7651916cd43dd8448eb211c80319c'

-- write
UPDATE Stacks SET applied_hash = NULL, leased_spec = desired_spec, next_attempt_at = @now
WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:10:00.000Z
--   @lane = 'normal'

-- write
INSERT INTO Stack_References (stack, source, referenced_stack, [output])
SELECT DISTINCT @stack, @source, r.stack COLLATE Latin1_General_100_BIN2, r.[output] COLLATE Latin1_General_100_BIN2
FROM OPENJSON(@list) WITH (stack nvarchar(200), [output] nvarchar(128)) AS r
WHERE NOT EXISTS (SELECT 1 FROM Stack_References AS s WHERE s.stack = @stack AND s.source = @source
  AND s.referenced_stack = r.stack COLLATE Latin1_General_100_BIN2
  AND s.[output] = r.[output] COLLATE Latin1_General_100_BIN2)
--   @stack = 'platform-eastus'
--   @source = ''
--   @list = '[{"stack":"platform-hub","output":"zoneId"}]'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-2'

-- ==== acquireLease: to preview for a queued run
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT until FROM Subscription_Pauses
WHERE subscription_id = @subscription AND until > @now
--   @subscription = '11111111-1111-1111-1111-111111111111'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Stacks SET lease_epoch = @epoch, lease_owner = @owner, lease_expires_at = @expiresAt,
  lease_run_id = @runId, last_run_id = @runId WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @epoch = 3
--   @owner = '{"host":"host-a","pid":4242,"startedAt":"8812345"}'
--   @expiresAt = 2026-03-01T08:00:30.000Z
--   @runId = 'run-3'

-- write
UPDATE Runs SET kind = @kind, reason = @reason, status = 'running', spec_hash = @specHash,
  spec_references = @references, epoch = @epoch, started_at = @now WHERE run_id = @runId;
IF @@ROWCOUNT = 0
  INSERT INTO Runs (run_id, stack, kind, reason, status, spec_hash, spec_references, epoch, trace_id, queued_at,
    started_at)
  VALUES (@runId, @stack, @kind, @reason, 'running', @specHash, @references, @epoch, @traceId, @now, @now)
--   @runId = 'run-3'
--   @stack = 'platform-eastus'
--   @kind = 'preview'
--   @reason = 'spec-changed'
--   @specHash = 'hash-1'
--   @references = '[{"stack":"platform-hub","output":"zoneId"}]'
--   @epoch = 3
--   @traceId = '0af7651916cd43dd8448eb211c80319c'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-2'

-- ==== acquireLease: refused: another hash
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- ==== renewLease: always
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET lease_expires_at = @expiresAt WHERE stack = @stack;
SELECT cancel_asked_by FROM Runs WHERE run_id = @runId
--   @stack = 'platform-eastus'
--   @runId = 'run-3'
--   @expiresAt = 2026-03-01T08:00:30.000Z

-- ==== recordProcesses: without an engine
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
UPDATE Runs SET child = @child, engine = COALESCE(@engine, engine) WHERE run_id = @runId
--   @runId = 'run-3'
--   @child = '{"host":"host-a","pid":4242,"startedAt":"8812345"}'
--   @engine = null

-- ==== listLeases: one lease
-- query
SELECT stack, lease_epoch, lease_owner, lease_expires_at, lease_run_id FROM Stacks
WHERE lease_run_id IS NOT NULL ORDER BY stack

-- query
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- ==== breakLease: always
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL,
  leased_spec = NULL WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Runs SET status = 'lost', ended_at = @now, failure_class = 'unknown',
  failure_message = @message WHERE run_id = @runId AND status = 'running'
--   @runId = 'run-3'
--   @message = 'Its process is gone.'

-- ==== appendSteps: two steps
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT ISNULL(MAX(number), 0) AS number FROM Run_Steps WHERE run_id = @runId
--   @runId = 'run-3'

-- write
INSERT INTO Run_Steps (run_id, number, at, operation, urn, type, status, object_id, message) VALUES
(@r0_runId, @r0_number, @r0_at, @r0_operation, @r0_urn, @r0_type, @r0_status, @r0_objectId, @r0_message),
(@r1_runId, @r1_number, @r1_at, @r1_operation, @r1_urn, @r1_type, @r1_status, @r1_objectId, @r1_message)
--   @r0_runId = 'run-3'
--   @r0_number = 5
--   @r0_at = 2026-03-01T08:00:00.000Z
--   @r0_operation = 'create'
--   @r0_urn = 'urn:1'
--   @r0_type = 'azure-native:network:VirtualNetwork'
--   @r0_status = 'done'
--   @r0_objectId = null
--   @r0_message = null
--   @r1_runId = 'run-3'
--   @r1_number = 6
--   @r1_at = 2026-03-01T08:00:00.000Z
--   @r1_operation = 'create'
--   @r1_urn = 'urn:2'
--   @r1_type = 'azure-native:network:VirtualNetwork'
--   @r1_status = 'done'
--   @r1_objectId = null
--   @r1_message = null

-- ==== settleRun: an update, with outputs that changed
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET status = @status, ended_at = @now, changes = @changes,
  failure_class = @failureClass, failure_message = @failureMessage WHERE run_id = @runId
--   @runId = 'run-3'
--   @status = 'succeeded'
--   @changes = '{"create":1}'
--   @failureClass = null
--   @failureMessage = null

-- write
UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL,
  leased_spec = NULL WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT subject FROM Contributions WHERE stack = @stack ORDER BY subject
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET applied_hash = @hash, applied_spec = @spec, was_applied = 1, attempts = 0,
  next_attempt_at = @now, due_at = desired_at, rank_at = desired_at, failure_class = NULL, failure_message = NULL,
  last_success_at = @now, last_success_run_id = @runId, state_doubtful = 0 WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @runId = 'run-3'
--   @hash = 'hash-1'
--   @spec = '{"kind":"platform","stack":"platform-eastus","environment":{"name":"eastus","location":"eastus","subscriptionId":"11111111-1111-1111-1111-111111111111","tenantId":"22222222-2222-2222-2222-222222222222","resourceGroup":"rg-eastus","existing":{}},"addressSpace":"10.20.0.0/22","ownGroup":null,"serviceUrl":null,"alertEmails":[],"production":true,"deletionProtection":true}'

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:10:00.000Z
--   @lane = 'normal'

-- write
DELETE FROM Stack_References WHERE stack = @stack AND source = @source
--   @stack = 'platform-eastus'
--   @source = ''

-- write
SELECT name, value FROM Stack_Outputs WHERE stack = @stack ORDER BY name
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stack_Outputs WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
INSERT INTO Stack_Outputs (stack, name, value, plain, run_id, as_of) VALUES
(@r0_stack, @r0_name, @r0_value, @r0_plain, @r0_runId, @r0_at),
(@r1_stack, @r1_name, @r1_value, @r1_plain, @r1_runId, @r1_at)
--   @r0_stack = 'platform-eastus'
--   @r0_name = 'vnetId'
--   @r0_value = '"/vnet"'
--   @r0_plain = '/vnet'
--   @r0_runId = 'run-3'
--   @r0_at = 2026-03-01T08:00:00.000Z
--   @r1_stack = 'platform-eastus'
--   @r1_name = 'zones'
--   @r1_value = '["1"]'
--   @r1_plain = '["1"]'
--   @r1_runId = 'run-3'
--   @r1_at = 2026-03-01T08:00:00.000Z

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'outputs:platform-eastus'

-- write
UPDATE Output_Changes SET seq = seq + 1 WHERE stack = @stack;
IF @@ROWCOUNT = 0 INSERT INTO Output_Changes (stack, seq) VALUES (@stack, 1)
--   @stack = 'platform-eastus'

-- write
SELECT DISTINCT source FROM Stack_References
WHERE referenced_stack = @stack AND source > N''
  AND [output] IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@changed)) ORDER BY source
--   @stack = 'platform-eastus'
--   @changed = '["vnetId","zones"]'

-- write
INSERT INTO Job_Changes (job_id) SELECT CAST(value AS int) FROM OPENJSON(@jobs);
INSERT INTO Environment_Changes (environment) SELECT value FROM OPENJSON(@environments)
--   @jobs = '[201]'
--   @environments = '[]'

-- ==== settleRun: a destroy
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET status = @status, ended_at = @now, changes = @changes,
  failure_class = @failureClass, failure_message = @failureMessage WHERE run_id = @runId
--   @runId = 'run-3'
--   @status = 'succeeded'
--   @changes = '{"create":1}'
--   @failureClass = null
--   @failureMessage = null

-- write
UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL,
  leased_spec = NULL WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT subject FROM Contributions WHERE stack = @stack ORDER BY subject
--   @stack = 'platform-eastus'

-- write
SELECT name, value FROM Stack_Outputs WHERE stack = @stack ORDER BY name
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stack_Outputs WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stack_Outputs WHERE stack = @stack;
DELETE FROM Stack_References WHERE stack = @stack AND source = N'';
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Conditions WHERE subject_kind = 'stack' AND subject_key = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Runs SET status = 'canceled', ended_at = @now, failure_class = 'permanent',
  failure_message = @message WHERE status = 'queued' AND stack = @stack
--   @stack = 'platform-eastus'
--   @message = 'The stack was destroyed.'

-- ==== settleRun: a destroy of a stack that is wanted again
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET status = @status, ended_at = @now, changes = @changes,
  failure_class = @failureClass, failure_message = @failureMessage WHERE run_id = @runId
--   @runId = 'run-3'
--   @status = 'succeeded'
--   @changes = '{"create":1}'
--   @failureClass = null
--   @failureMessage = null

-- write
UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL,
  leased_spec = NULL WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT subject FROM Contributions WHERE stack = @stack ORDER BY subject
--   @stack = 'platform-eastus'

-- write
SELECT name, value FROM Stack_Outputs WHERE stack = @stack ORDER BY name
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stack_Outputs WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Stack_Outputs WHERE stack = @stack;
DELETE FROM Stack_References WHERE stack = @stack AND source = N'';
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack
--   @stack = 'platform-eastus'

-- write
DELETE FROM Conditions WHERE subject_kind = 'stack' AND subject_key = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET applied_hash = NULL, applied_spec = NULL, was_applied = 0, attempts = 0,
  next_attempt_at = @now, due_at = desired_at, rank_at = desired_at, failure_class = NULL, failure_message = NULL,
  last_success_at = NULL, last_success_run_id = NULL, state_doubtful = 0 WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT applied_hash, desired_hash, due_at, lane FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET due_at = @dueAt, rank_at = @rankAt, lane = @lane WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @dueAt = 2026-03-01T08:00:00.000Z
--   @rankAt = 2026-03-01T08:10:00.000Z
--   @lane = 'normal'

-- ==== settleRun: a failure that left less
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
SELECT * FROM Stacks WHERE stack = @stack
--   @resource = 'stack:platform-eastus'
--   @stack = 'platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET status = @status, ended_at = @now, changes = @changes,
  failure_class = @failureClass, failure_message = @failureMessage WHERE run_id = @runId
--   @runId = 'run-3'
--   @status = 'failed'
--   @changes = '{}'
--   @failureClass = 'transient'
--   @failureMessage = 'Too many requests.'

-- write
UPDATE Stacks SET lease_owner = NULL, lease_expires_at = NULL, lease_run_id = NULL,
  leased_spec = NULL WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
SELECT subject FROM Contributions WHERE stack = @stack ORDER BY subject
--   @stack = 'platform-eastus'

-- write
UPDATE Stacks SET applied_spec = @spec WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @spec = '{"kind":"platform","stack":"platform-eastus","environment":{"name":"eastus","location":"eastus","subscriptionId":"11111111-1111-1111-1111-111111111111","tenantId":"22222222-2222-2222-2222-222222222222","resourceGroup":"rg-eastus","existing":{}},"addressSpace":"10.20.0.0/22","ownGroup":null,"serviceUrl":null,"alertEmails":[],"production":true,"deletionProtection":true}'

-- write
UPDATE Stacks SET attempts = @attempts, next_attempt_at = @nextAttemptAt,
  failure_class = @failureClass, failure_message = @failureMessage WHERE stack = @stack
--   @stack = 'platform-eastus'
--   @attempts = 1
--   @nextAttemptAt = 2026-03-01T08:01:00.000Z
--   @failureClass = 'transient'
--   @failureMessage = 'Too many requests.'

-- ==== jobFacts: two jobs
-- read
SELECT subject, stack, CAST(CASE WHEN admitted <> N'[]' THEN 1 ELSE 0 END AS bit) AS is_admitted
FROM Contributions WHERE subject IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@subjects))
ORDER BY stack
--   @subjects = '["job:201","job:202"]'

-- read
SELECT s.stack, s.failure_class, s.failure_message,
  CAST(CASE WHEN s.lease_run_id IS NOT NULL AND s.lease_expires_at > COALESCE(@now, CAST(SYSUTCDATETIME() AS datetime2(3))) THEN 1 ELSE 0 END AS bit) AS is_leased,
  CAST(CASE WHEN s.applied_hash = s.desired_hash AND m.listed IS NULL THEN 1 ELSE 0 END AS bit) AS in_sync
FROM Stacks AS s LEFT JOIN Stack_Merges AS m ON m.stack = s.stack
WHERE s.stack IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@stacks))
--   @stacks = '["platform-eastus"]'

-- read
SELECT resolved_subject, subject_key, type, status, reason, message, since
FROM Conditions WHERE type IN ('Blocked', 'Waiting')
  AND resolved_subject IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@subjects))
ORDER BY subject_key, type
--   @subjects = '["job:201","job:202"]'

-- read
SELECT DISTINCT c.job_id FROM Job_Changes AS c
WHERE c.job_id IN (SELECT CAST(value AS int) FROM OPENJSON(@jobIds))
--   @jobIds = '[201,202]'

-- ==== setConditions: on a job and on a stack
-- write
DECLARE @items TABLE (subject_kind nvarchar(16) COLLATE Latin1_General_100_BIN2,
  subject_key nvarchar(600) COLLATE Latin1_General_100_BIN2, type nvarchar(64) COLLATE Latin1_General_100_BIN2,
  status nvarchar(16) COLLATE Latin1_General_100_BIN2, reason nvarchar(64) COLLATE Latin1_General_100_BIN2,
  message nvarchar(max), resolved_subject nvarchar(80) COLLATE Latin1_General_100_BIN2);
INSERT INTO @items (subject_kind, subject_key, type, status, reason, message, resolved_subject) VALUES
(@r0_kind, @r0_key, @r0_type, @r0_status, @r0_reason, @r0_message, @r0_resolvedSubject),
(@r1_kind, @r1_key, @r1_type, @r1_status, @r1_reason, @r1_message, @r1_resolvedSubject);
DELETE FROM @items WHERE subject_kind = 'job'
  AND NOT EXISTS (SELECT 1 FROM Jobs AS j WHERE j.job_id = TRY_CAST(subject_key AS int));
UPDATE c SET since = CASE WHEN c.status = i.status THEN c.since ELSE @now END, status = i.status,
  reason = i.reason, message = i.message, resolved_subject = ISNULL(i.resolved_subject, c.resolved_subject)
FROM Conditions AS c JOIN @items AS i
  ON i.subject_kind = c.subject_kind AND i.subject_key = c.subject_key AND i.type = c.type;
INSERT INTO Conditions (subject_kind, subject_key, type, status, reason, message, since, resolved_subject)
SELECT i.subject_kind, i.subject_key, i.type, i.status, i.reason, i.message, @now, i.resolved_subject FROM @items AS i
WHERE NOT EXISTS (SELECT 1 FROM Conditions AS c
  WHERE c.subject_kind = i.subject_kind AND c.subject_key = i.subject_key AND c.type = i.type)
--   @r0_kind = 'job'
--   @r0_key = '201'
--   @r0_type = 'Blocked'
--   @r0_status = 'True'
--   @r0_reason = 'NoQuota'
--   @r0_message = 'No quota is left.'
--   @r0_resolvedSubject = null
--   @r1_kind = 'stack'
--   @r1_key = 'platform-eastus'
--   @r1_type = 'Blocked'
--   @r1_status = 'True'
--   @r1_reason = 'NoQuota'
--   @r1_message = 'No quota is left.'
--   @r1_resolvedSubject = null

-- ==== clearConditions: of a row
-- write
DELETE FROM Conditions WHERE subject_kind = @kind AND subject_key = @key AND type = @type
--   @kind = 'row'
--   @key = 'Jobs 201'
--   @type = 'Blocked'

-- ==== conditions: always
-- query
SELECT type, status, reason, message, since FROM Conditions
WHERE subject_kind = @kind AND subject_key = @key ORDER BY type
--   @kind = 'environment'
--   @key = 'eastus'

-- ==== conditionsByType: always
-- query
SELECT subject_key, type, status, reason, message, since FROM Conditions
WHERE subject_kind = @kind AND type = @type ORDER BY subject_key
--   @kind = 'job'
--   @type = 'Ready'

-- ==== createRequest: of a stack that is wanted
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'request:request-1'

-- write
SELECT request_id, kind, job_id, stack, created_at FROM Requests WHERE request_id = @requestId;
SELECT * FROM Runs WHERE request_id = @requestId ORDER BY number
--   @requestId = 'request-1'

-- write
INSERT INTO Requests (request_id, kind, job_id, stack, created_at, run_count)
VALUES (@requestId, @kind, @jobId, @stack, @now, @runCount)
--   @requestId = 'request-1'
--   @kind = 'reconcile'
--   @jobId = 201
--   @stack = null
--   @runCount = 1

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
SELECT lane FROM Stacks WHERE stack = @stack AND desired_spec IS NOT NULL
--   @stack = 'platform-eastus'

-- write
INSERT INTO Runs (run_id, stack, request_id, kind, reason, status, lane, queued_at, trace_id,
  adopt)
VALUES (@runId, @stack, @requestId, @kind, 'requested', 'queued', @lane, @now, @traceId, @adopt)
--   @runId = 'run-3'
--   @stack = 'platform-eastus'
--   @requestId = 'request-1'
--   @kind = 'update'
--   @lane = 'normal'
--   @traceId = null
--   @adopt = '[{"urn":"urn:1","id":"/subscriptions/1"}]'

-- write
SELECT request_id, kind, job_id, stack, created_at FROM Requests WHERE request_id = @requestId;
SELECT * FROM Runs WHERE request_id = @requestId ORDER BY number
--   @requestId = 'request-1'

-- ==== createRequest: of a stack that is not
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'request:request-1'

-- write
SELECT request_id, kind, job_id, stack, created_at FROM Requests WHERE request_id = @requestId;
SELECT * FROM Runs WHERE request_id = @requestId ORDER BY number
--   @requestId = 'request-1'

-- write
INSERT INTO Requests (request_id, kind, job_id, stack, created_at, run_count)
VALUES (@requestId, @kind, @jobId, @stack, @now, @runCount)
--   @requestId = 'request-1'
--   @kind = 'reconcile'
--   @jobId = 201
--   @stack = null
--   @runCount = 1

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
SELECT lane FROM Stacks WHERE stack = @stack AND desired_spec IS NOT NULL
--   @stack = 'platform-eastus'

-- write
INSERT INTO Runs (run_id, stack, request_id, kind, reason, status, lane, queued_at, trace_id,
  adopt)
VALUES (@runId, @stack, @requestId, @kind, 'requested', 'queued', @lane, @now, @traceId, @adopt)
--   @runId = 'run-3'
--   @stack = 'platform-eastus'
--   @requestId = 'request-1'
--   @kind = 'update'
--   @lane = null
--   @traceId = null
--   @adopt = '[{"urn":"urn:1","id":"/subscriptions/1"}]'

-- write
UPDATE Runs SET status = 'canceled', ended_at = @now, failure_class = 'permanent',
  failure_message = @message WHERE status = 'queued' AND run_id = @runId
--   @runId = 'run-3'
--   @message = 'Stack platform-eastus does not exist, or is about to be destroyed. Ask again once it is wanted.'

-- write
SELECT request_id, kind, job_id, stack, created_at FROM Requests WHERE request_id = @requestId;
SELECT * FROM Runs WHERE request_id = @requestId ORDER BY number
--   @requestId = 'request-1'

-- ==== getRequest: always
-- query
SELECT request_id, kind, job_id, stack, created_at FROM Requests WHERE request_id = @requestId;
SELECT * FROM Runs WHERE request_id = @requestId ORDER BY number
--   @requestId = 'request-1'

-- ==== cancelQueuedRun: it is not queued
-- write
UPDATE Runs SET status = 'canceled', ended_at = @now, failure_class = 'permanent',
  failure_message = @message WHERE status = 'queued' AND run_id = @runId
--   @runId = 'run-3'
--   @message = 'The stack is gone.'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- ==== requestCancel: a queued run
-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET status = 'canceled', ended_at = @now, failure_class = 'permanent',
  failure_message = @message WHERE status = 'queued' AND run_id = @runId
--   @runId = 'run-3'
--   @message = 'It was canceled by mei.tanaka@contoso.example before it started.'

-- ==== requestCancel: a running one
-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- write
UPDATE Runs SET cancel_asked_by = COALESCE(cancel_asked_by, @by)
WHERE run_id = @runId
--   @runId = 'run-3'
--   @by = 'mei.tanaka@contoso.example'

-- ==== pruneRuns: one of two old runs
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'pruning'

-- write
SELECT pruned_to_at, pruned_to_number FROM Service_State

-- write
SELECT TOP (@most) r.number, r.ended_at, r.request_id, CAST(CASE WHEN
    NOT EXISTS (SELECT 1 FROM Stacks AS s WHERE s.stack = r.stack
      AND r.run_id IN (s.lease_run_id, s.last_run_id, s.last_success_run_id))
    AND NOT EXISTS (SELECT 1 FROM Runs AS o WHERE o.request_id = r.request_id AND o.status IN ('queued', 'running'))
    AND EXISTS (SELECT n.number FROM Runs AS n WHERE n.stack = r.stack AND n.number >= r.number
    ORDER BY n.number OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY) THEN 1 ELSE 0 END AS bit) AS is_prunable
FROM Runs AS r
WHERE r.ended_at IS NOT NULL AND r.ended_at >= @fromAt AND (r.ended_at > @fromAt OR r.number > @fromNumber)
  AND r.ended_at < @before
ORDER BY r.ended_at, r.number
--   @fromAt = 1970-01-01T00:00:00.000Z
--   @fromNumber = 0
--   @before = 2026-02-28T08:00:00.000Z
--   @most = 1000
--   @keep = 20

-- write
UPDATE Service_State SET pruned_to_at = NULL, pruned_to_number = NULL
WHERE pruned_to_at IS NOT NULL

-- write
DELETE FROM Runs WHERE number IN (SELECT CAST(value AS bigint) FROM OPENJSON(@numbers));
UPDATE Requests SET run_count = (SELECT COUNT(*) FROM Runs AS r WHERE r.request_id = Requests.request_id)
WHERE request_id IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@requests))
--   @numbers = '[8]'
--   @requests = '["request-1"]'

-- write
DELETE FROM Requests WHERE run_count = 0 AND created_at < @before
--   @before = 2026-02-28T08:00:00.000Z

-- ==== pruneRuns: up to the limit, from where the last call stopped
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'pruning'

-- write
SELECT pruned_to_at, pruned_to_number FROM Service_State

-- write
SELECT TOP (@most) r.number, r.ended_at, r.request_id, CAST(CASE WHEN
    NOT EXISTS (SELECT 1 FROM Stacks AS s WHERE s.stack = r.stack
      AND r.run_id IN (s.lease_run_id, s.last_run_id, s.last_success_run_id))
    AND NOT EXISTS (SELECT 1 FROM Runs AS o WHERE o.request_id = r.request_id AND o.status IN ('queued', 'running'))
    AND EXISTS (SELECT n.number FROM Runs AS n WHERE n.stack = r.stack AND n.number >= r.number
    ORDER BY n.number OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY) THEN 1 ELSE 0 END AS bit) AS is_prunable
FROM Runs AS r
WHERE r.ended_at IS NOT NULL AND r.ended_at >= @fromAt AND (r.ended_at > @fromAt OR r.number > @fromNumber)
  AND r.ended_at < @before
ORDER BY r.ended_at, r.number
--   @fromAt = 2026-03-01T08:00:00.000Z
--   @fromNumber = 7
--   @before = 2026-02-28T08:00:00.000Z
--   @most = 10
--   @keep = 20

-- write
UPDATE Service_State SET pruned_to_at = @at, pruned_to_number = @number
--   @at = 2026-03-01T08:00:00.000Z
--   @number = 8

-- write
DELETE FROM Runs WHERE number IN (SELECT CAST(value AS bigint) FROM OPENJSON(@numbers));
UPDATE Requests SET run_count = (SELECT COUNT(*) FROM Runs AS r WHERE r.request_id = Requests.request_id)
WHERE request_id IN (SELECT value COLLATE Latin1_General_100_BIN2 FROM OPENJSON(@requests))
--   @numbers = '[8]'
--   @requests = '["request-1"]'

-- write
DELETE FROM Requests WHERE run_count = 0 AND created_at < @before
--   @before = 2026-02-28T08:00:00.000Z

-- ==== getRun: always
-- query
SELECT * FROM Runs WHERE run_id = @runId
--   @runId = 'run-3'

-- ==== listRuns: always
-- query
SELECT TOP (@limit) * FROM Runs ORDER BY number DESC
--   @limit = 20

-- ==== recentRuns: always
-- query
SELECT TOP (@limit) * FROM Runs
WHERE stack = @stack AND epoch IS NOT NULL ORDER BY started_at DESC, epoch DESC, number DESC
--   @stack = 'platform-eastus'
--   @limit = 20

-- ==== readSteps: always
-- query
SELECT TOP (@limit) run_id, number, at, operation, urn, type, status, object_id, message
FROM Run_Steps WHERE run_id = @runId AND number > @after ORDER BY number
--   @runId = 'run-3'
--   @after = 0
--   @limit = 100

-- ==== recordProbes: of two endpoints
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
SELECT 1 AS found FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack AND endpoint = @endpoint;
INSERT INTO Probe_Results (stack, endpoint, at, run_id, status, failed_layer, reason, message, layers, is_latest)
VALUES (@stack, @endpoint, @now, @runId, @status, @failedLayer, @reason, @message, @layers, 1)
--   @stack = 'platform-eastus'
--   @endpoint = 'pe-eastus'
--   @runId = 'run-3'
--   @status = 'ok'
--   @failedLayer = null
--   @reason = null
--   @message = null
--   @layers = '[{"layer":"dns","status":"ok","durationMs":3,"detail":"10.20.0.5"}]'

-- write
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack AND endpoint = @endpoint;
INSERT INTO Probe_Results (stack, endpoint, at, run_id, status, failed_layer, reason, message, layers, is_latest)
VALUES (@stack, @endpoint, @now, @runId, @status, @failedLayer, @reason, @message, @layers, 1)
--   @stack = 'platform-eastus'
--   @endpoint = 'pe-westus'
--   @runId = 'run-3'
--   @status = 'ok'
--   @failedLayer = null
--   @reason = null
--   @message = null
--   @layers = '[{"layer":"dns","status":"ok","durationMs":3,"detail":"10.20.0.5"}]'

-- ==== recordProbes: of a stack that is gone
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'stack:platform-eastus'

-- write
SELECT 1 AS found FROM Stacks WHERE stack = @stack
--   @stack = 'platform-eastus'

-- write
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack AND endpoint = @endpoint;
INSERT INTO Probe_Results (stack, endpoint, at, run_id, status, failed_layer, reason, message, layers, is_latest)
VALUES (@stack, @endpoint, @now, @runId, @status, @failedLayer, @reason, @message, @layers, 1)
--   @stack = 'platform-eastus'
--   @endpoint = 'pe-eastus'
--   @runId = 'run-3'
--   @status = 'ok'
--   @failedLayer = null
--   @reason = null
--   @message = null
--   @layers = '[{"layer":"dns","status":"ok","durationMs":3,"detail":"10.20.0.5"}]'

-- write
UPDATE Probe_Results SET is_latest = 0 WHERE is_latest = 1 AND stack = @stack AND endpoint = @endpoint;
INSERT INTO Probe_Results (stack, endpoint, at, run_id, status, failed_layer, reason, message, layers, is_latest)
VALUES (@stack, @endpoint, @now, @runId, @status, @failedLayer, @reason, @message, @layers, 1)
--   @stack = 'platform-eastus'
--   @endpoint = 'pe-westus'
--   @runId = 'run-3'
--   @status = 'ok'
--   @failedLayer = null
--   @reason = null
--   @message = null
--   @layers = '[{"layer":"dns","status":"ok","durationMs":3,"detail":"10.20.0.5"}]'

-- ==== recentProbes: all
-- query
SELECT TOP (@limit) * FROM Probe_Results ORDER BY number DESC
--   @limit = 20

-- ==== recentProbes: of an endpoint of a stack
-- query
SELECT TOP (@limit) * FROM Probe_Results WHERE stack = @stack AND endpoint = @endpoint ORDER BY number DESC
--   @stack = 'platform-eastus'
--   @endpoint = 'pe-eastus'
--   @limit = 20

-- ==== latestProbes: always
-- query
SELECT * FROM Probe_Results WHERE is_latest = 1 ORDER BY stack, endpoint

-- ==== recordAlert: one that fired
-- write
UPDATE Alert_Events SET rule_id = @ruleId, job_id = @jobId, metric = @metric, severity = @severity,
  state = @state, resolved_at = @resolvedAt, description = @description, essentials = @essentials, changed_at = @now
WHERE alert_id = @alertId AND (state = 'Fired' OR @state = 'Resolved');
INSERT INTO Alert_Events (alert_id, rule_id, job_id, metric, severity, state, fired_at, resolved_at, description,
  essentials, changed_at)
SELECT @alertId, @ruleId, @jobId, @metric, @severity, @state, @firedAt, @resolvedAt, @description, @essentials, @now
WHERE NOT EXISTS (SELECT 1 FROM Alert_Events WHERE alert_id = @alertId)
--   @alertId = 'alert-1'
--   @ruleId = '/rules/1'
--   @jobId = 201
--   @metric = 'drift'
--   @severity = 2
--   @state = 'Fired'
--   @firedAt = 2026-03-01T07:00:00.000Z
--   @resolvedAt = null
--   @description = null
--   @essentials = '{}'

-- ==== recordAlert: one that is resolved
-- write
UPDATE Alert_Events SET rule_id = @ruleId, job_id = @jobId, metric = @metric, severity = @severity,
  state = @state, resolved_at = @resolvedAt, description = @description, essentials = @essentials, changed_at = @now
WHERE alert_id = @alertId AND (state = 'Fired' OR @state = 'Resolved');
INSERT INTO Alert_Events (alert_id, rule_id, job_id, metric, severity, state, fired_at, resolved_at, description,
  essentials, changed_at)
SELECT @alertId, @ruleId, @jobId, @metric, @severity, @state, @firedAt, @resolvedAt, @description, @essentials, @now
WHERE NOT EXISTS (SELECT 1 FROM Alert_Events WHERE alert_id = @alertId)
--   @alertId = 'alert-1'
--   @ruleId = '/rules/1'
--   @jobId = 201
--   @metric = 'drift'
--   @severity = 2
--   @state = 'Resolved'
--   @firedAt = 2026-03-01T07:00:00.000Z
--   @resolvedAt = 2026-03-01T08:00:00.000Z
--   @description = null
--   @essentials = '{}'

-- ==== listAlerts: all
-- query
SELECT TOP (@limit) * FROM Alert_Events ORDER BY number DESC
--   @limit = 20

-- ==== listAlerts: a later page of those of a job in a state
-- query
SELECT TOP (@limit) * FROM Alert_Events WHERE job_id = @jobId AND state = @state AND number < @before ORDER BY number DESC
--   @jobId = 201
--   @state = 'Fired'
--   @before = 7
--   @limit = 20

-- ==== pruneHistory: always
-- write
DECLARE @got_resource int;
EXEC @got_resource = sp_getapplock @Resource = @resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
  @LockTimeout = 10000;
IF @got_resource < 0 THROW 51001, N'Another writer has held the application lock for too long.', 1;
--   @resource = 'pruning'

-- write
DELETE FROM Probe_Results WHERE number IN (SELECT TOP (@limit) number FROM Probe_Results
  WHERE is_latest = 0 AND at < @before AND number <= (SELECT number FROM Probe_Results ORDER BY number DESC OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY) ORDER BY at, number)
--   @before = 2026-02-28T08:00:00.000Z
--   @keep = 1000
--   @limit = 200

-- write
DELETE FROM Alert_Events WHERE number IN (SELECT TOP (@limit) number FROM Alert_Events
  WHERE changed_at < @before AND number <= (SELECT number FROM Alert_Events ORDER BY number DESC OFFSET @keep ROWS FETCH NEXT 1 ROWS ONLY) ORDER BY changed_at, number)
--   @before = 2026-02-28T08:00:00.000Z
--   @keep = 1000
--   @limit = 200
