import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureOf, lockHolders, ruleOf } from "../../../automation/engine/engine-errors.ts";
import { failureRules, otherwise } from "../../../automation/engine/failure-rules.ts";

// As engine 3.259.0 wrote it.
const locked = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///state/.pulumi/locks/organization/rowgate/access-eastus-1/6c0e6a3c.json: created by root@build-7 (pid 22174) at 2026-01-02T03:04:05Z
  file:///state/.pulumi/locks/organization/rowgate/access-eastus-1/9d1f.json: created by CONTOSO\\ada@laptop.local (pid 812) at 2026-01-02T03:05:06+01:00
`;

describe("lock holders", () => {
  it("are read with user, host, pid and time, one a lock", () => {
    assert.deepEqual(lockHolders(locked), [
      { user: "root", host: "build-7", pid: 22174, at: "2026-01-02T03:04:05Z" },
      { user: "CONTOSO\\ada", host: "laptop.local", pid: 812, at: "2026-01-02T03:05:06+01:00" },
    ]);
  });

  it("are null where the engine refused for something else", () => {
    assert.equal(lockHolders("error: no stack named 'x' found"), null);
    assert.equal(lockHolders("created by root@vm (pid 1) at 2026-01-02T03:04:05Z"), null);
  });

  it("are an empty list where the lock is told without a holder", () => {
    assert.deepEqual(lockHolders("error: the stack is currently locked by 1 lock(s)."), []);
  });
});

describe("the rule of a message", () => {
  // Words as the providers and clouds write them.
  const codes = {
    Throttled: [
      'Code="TooManyRequests" Message="slow down"',
      "autorest: status code 429",
      "cannot create job: Current request has to be retried: Too Many Requests",
    ],
    PrincipalNotFound: ["PrincipalNotFound: Principal 1234 does not exist in the directory"],
    CloudUnavailable: [
      "dial tcp 10.0.0.4:443: connect: connection refused",
      "rpc error: code = Unavailable desc = transport is closing",
      "Status=503 Code=ServiceUnavailable",
      "dial tcp: lookup management.azure.com: no such host",
      "context deadline exceeded",
    ],
    Busy: [
      'Code="AnotherOperationInProgress" Message="Another operation on this or dependent resource is in progress."',
    ],
    GuardrailRefused: ["Stack job-eastus-201 is refused by guardrail known-permission: no"],
    AccessDenied: ['Code="AuthorizationFailed" Message="no"', "PERMISSION_DENIED: User does not have CREATE"],
    AlreadyExists: [
      "cannot create already existing resource '/subscriptions/1'",
      "RoleAssignmentExists: The role assignment already exists.",
    ],
    SoftDeleted: ["A vault with the same name already exists in deleted state."],
    PolicyDenied: ['Code="RequestDisallowedByPolicy" Message="disallowed by policy"'],
    LockedOut: [
      "Your current IP 203.0.113.7 will not be allowed to access the workspace under current configuration.",
    ],
    QuotaExceeded: ['Code="QuotaExceeded" Message="cores"'],
    InvalidInput: [
      "InvalidParameter: the name is too long",
      "azure-native:storage:StorageAccount resource 'lake' has a problem: missing required property 'sku.name'",
      "azure-native:storage:StorageAccount resource 'lake' has a problem: 'sku' should be of type 'object' but got a string",
      "azuread:index/group:Group resource 'team' has a problem: Missing required argument. The argument \"display_name\" is required, but no definition was found.",
      "azure-native:sql:Server resource 'sql' has a problem: 'On' is not one of Enabled, Disabled",
      "databricks:index/job:Job resource 'job' has a problem: 'task' is not a known property; did you mean 'tasks'?",
    ],
    NotFound: ["RESOURCE_DOES_NOT_EXIST: Model ml.models.x does not exist."],
    DiskFull: ["write /state/x.json: no space left on device"],
    StateUnavailable: ["open /state/.pulumi/locks/x.json: read-only file system"],
    EngineMissing: ["spawn /opt/pulumi ENOENT", "spawn /srv/a home/engine EACCES"],
    RunFailed: ["something else went wrong", "", "job 429 of stack job-eastus-404 is odd, as is id-job-403"],
  } as const;
  for (const [expected, messages] of Object.entries(codes)) {
    for (const message of messages) {
      it(`is ${expected} for: ${message}`, () => assert.equal(ruleOf(message).code, expected));
    }
  }

  it("names a next step for each code, and each code once", () => {
    for (const { code, next } of failureRules) assert.match(next, /^[A-Z].*\.$/, code);
    assert.equal(new Set(failureRules.map(({ code }) => code)).size, failureRules.length);
  });
});

describe("the failure of a run", () => {
  const nothing = { errors: [], stderr: "", stdout: "" };
  const nextSteps = [...failureRules, otherwise].map(({ next }) => next);
  const firstLines = (message: string) => {
    const next = nextSteps.find((step) => message.endsWith(` ${step}`)) ?? assert.fail(message);
    return message.slice(0, -next.length - 1);
  };

  it("is what providers said, without the engine's own last line, and the next step", () => {
    const errors = ["  AuthorizationFailed: no  \n", "update failed", "PERMISSION_DENIED: neither"];
    assert.deepEqual(failureOf({ ...nothing, errors, stderr: "noise" }), {
      class: "permanent",
      code: "AccessDenied",
      message:
        "AuthorizationFailed: no\nPERMISSION_DENIED: neither. Give the service's identity the right that the message names, then reconcile.",
      scope: "stack",
      retryAfterMs: null,
    });
  });

  it("is passing where one of its causes is, as the rest may go through; what the host lacks comes before all", () => {
    const of = (...errors: string[]) => failureOf({ ...nothing, errors }).code;
    assert.equal(of("AuthorizationFailed: no", "Status=503 Code=ServiceUnavailable"), "CloudUnavailable");
    assert.equal(of("Status=503 Code=ServiceUnavailable", "429 Too Many Requests"), "Throttled");
    assert.equal(of("AuthorizationFailed: no", "something else"), "RunFailed");
    assert.equal(of("429 Too Many Requests", "no space left on device"), "DiskFull");
  });

  it("tells how long the cloud asked to wait, the longest of all", () => {
    const of = (...errors: string[]) => failureOf({ ...nothing, errors }).retryAfterMs;
    assert.equal(of("429 TooManyRequests. Retry-After: 17"), 17_000);
    assert.equal(
      of('status 429 "Retry-After":"3"', "Status=429 Please try again after '5' minutes."),
      300_000,
    );
    assert.equal(of("Status=429, retry again in 30 seconds"), 30_000);
    assert.equal(of("429 TooManyRequests"), null);
    assert.equal(of("429 TooManyRequests. Retry-After: 1790000000"), 3_600_000, "an hour at most");
    assert.equal(of("429 TooManyRequests. Retry-After: 2026-11-25"), null, "a date is no number of seconds");
    assert.equal(of("AuthorizationFailed. Retry-After: 17"), null);
  });

  it("is the engine's last line where nobody else said anything", () => {
    assert.equal(firstLines(failureOf({ ...nothing, errors: ["update failed"] }).message), "update failed.");
  });

  it("is stderr, then the end of stdout, then a plain sentence", () => {
    const of = (run: Partial<typeof nothing>) => firstLines(failureOf({ ...nothing, ...run }).message);
    assert.equal(of({ stderr: " error: boom \n", stdout: "x" }), "error: boom.");
    assert.equal(of({ stdout: "1\n2\n3\n4\n5\n6\n7\n" }), "3\n4\n5\n6\n7.");
    assert.equal(of({}), "The engine gave no reason.");
  });

  it("is cut to a length that a condition can hold", () => {
    const message = firstLines(failureOf({ ...nothing, errors: ["x".repeat(10_000)] }).message);
    assert.equal(message.length, 4001);
    assert.ok(message.endsWith("…"));
  });
});
