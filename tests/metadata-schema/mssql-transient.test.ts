import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isConnectionLost,
  isDuplicate,
  isTransient,
  serverNumber,
} from "../../metadata-schema/stores/mssql/transient.ts";

const fault = (fields: Readonly<Record<string, unknown>>, message = "fault"): Error =>
  Object.assign(new Error(message), fields);

describe("errors of a database server", () => {
  it("deadlocks, snapshot conflicts and what Azure SQL says of itself pass", () => {
    for (const number of [1205, 1222, 3960, 3961, 4060, 10928, 40197, 40501, 40613, 49918, 51001])
      assert.equal(isTransient(fault({ code: "EREQUEST", number })), true, String(number));
  });

  it("a refused value, a missing table and a denied permission do not pass", () => {
    for (const number of [102, 208, 229, 515, 547, 2627, 2628, 51000])
      assert.equal(isTransient(fault({ code: "EREQUEST", number })), false, String(number));
    assert.equal(isTransient(new TypeError("not a function")), false);
    assert.equal(isTransient("nothing"), false);
    assert.equal(isTransient(null), false);
  });

  it("a lost connection is told by its code, wherever the driver keeps it", () => {
    const codes = [
      "ESOCKET",
      "ECLOSE",
      "ECONNCLOSED",
      "ECONNRESET",
      "EPIPE",
      "ETIMEOUT",
      "ECONNREFUSED",
      "EAI_AGAIN",
    ];
    for (const code of codes) {
      assert.equal(isConnectionLost(fault({ code })), true, code);
      assert.equal(isConnectionLost(fault({ code: "EREQUEST", originalError: fault({ code }) })), true, code);
      const emitted = fault({ code: "EREQUEST", originalError: fault({ info: fault({ code }) }) });
      assert.equal(isConnectionLost(emitted), true, code);
      assert.equal(isTransient(emitted), true, code);
    }
  });

  it("an answer of the server is no lost connection, even one that passes", () => {
    assert.equal(isConnectionLost(fault({ code: "EREQUEST", number: 1205 })), false);
    const circular = fault({ code: "EREQUEST" });
    assert.equal(isConnectionLost(Object.assign(circular, { originalError: circular })), false);
  });

  it("a sign-in is tried again while the database comes up, and not with a wrong password", () => {
    const signIn = (message: string) => isTransient(fault({ code: "ELOGIN" }, message));
    for (const message of [
      "Database 'm' on server 's' is not currently available.  Please retry the connection later.",
      "The service is currently busy. Retry the request after 10 seconds.",
      "The service has encountered an error processing your request. Please try again. Error code 40143.",
      "Cannot process request. Not enough resources to process request. Please retry you request later.",
      'Cannot open database "m" requested by the login. The login failed.',
      "Login failed for user 'svc'. Reason: Server is in script upgrade mode.",
    ])
      assert.equal(signIn(message), true, message);
    assert.equal(signIn("Login failed for user 'svc'."), false);
    assert.equal(isTransient(fault({ code: "EREQUEST" }, "Please try again.")), false);
  });

  it("duplicates are told from other refusals", () => {
    for (const number of [2601, 2627]) assert.equal(isDuplicate(fault({ number })), true);
    assert.equal(isDuplicate(fault({ number: 547 })), false);
    assert.equal(serverNumber(fault({ number: "547" })), 0);
    assert.equal(serverNumber(undefined), 0);
  });
});
