import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classify, failureOf, lockHolders } from "../../../automation/engine/engine-errors.ts";

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

describe("the class of a failure", () => {
  const classes = {
    transient: [
      'Code="TooManyRequests" Message="slow down"',
      "autorest: status code 429",
      "PrincipalNotFound: Principal 1234 does not exist in the directory",
      "dial tcp 10.0.0.4:443: connect: connection refused",
      "rpc error: code = Unavailable desc = transport is closing",
      "Status=503 Code=ServiceUnavailable",
      "dial tcp: lookup management.azure.com: no such host",
    ],
    permanent: [
      "Stack job-eastus-201 breaks guardrail known-permission",
      'Code="AuthorizationFailed" Message="no"',
      "cannot create already existing resource '/subscriptions/1'",
      "RoleAssignmentExists: The role assignment already exists.",
      "InvalidParameter: the name is too long",
    ],
    unknown: ["something else went wrong", ""],
  } as const;
  for (const [expected, messages] of Object.entries(classes)) {
    for (const message of messages) {
      it(`is ${expected} for: ${message}`, () => assert.equal(classify(message), expected));
    }
  }

  it("is transient where a passing cause is named beside a lasting one", () => {
    assert.equal(classify("BadRequest: 429 TooManyRequests"), "transient");
  });
});

describe("the failure of a run", () => {
  const nothing = { errors: [], stderr: "", stdout: "" };

  it("is what providers said, without the engine's own last line", () => {
    const errors = ["  AuthorizationFailed: no  \n", "update failed", "another"];
    assert.deepEqual(failureOf({ ...nothing, errors, stderr: "noise" }), {
      class: "permanent",
      code: "RunFailed",
      message: "AuthorizationFailed: no\nanother",
    });
  });

  it("is the engine's last line where nobody else said anything", () => {
    assert.equal(failureOf({ ...nothing, errors: ["update failed"] }).message, "update failed");
  });

  it("is stderr, then the end of stdout, then a plain sentence", () => {
    assert.equal(failureOf({ ...nothing, stderr: " error: boom \n", stdout: "x" }).message, "error: boom");
    const stdout = "1\n2\n3\n4\n5\n6\n7\n";
    assert.equal(failureOf({ ...nothing, stdout }).message, "3\n4\n5\n6\n7");
    assert.equal(failureOf(nothing).message, "The engine gave no reason.");
  });

  it("is cut to a length that a condition can hold", () => {
    const { message } = failureOf({ ...nothing, errors: ["x".repeat(10_000)] });
    assert.equal(message.length, 4001);
    assert.ok(message.endsWith("…"));
  });
});
