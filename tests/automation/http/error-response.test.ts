import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { ServiceError } from "../../../automation/errors.ts";
import { eventPosition, jobIdParameter, pageQuery } from "../../../automation/http/contract.ts";
import { errorResponse } from "../../../automation/http/error-response.ts";
import { parse } from "../../../automation/http/parse.ts";

describe("the answer to a fault", () => {
  it("tells a fault of the service as it is, without its cause", () => {
    const cause = new Error("secret");
    const fault = new ServiceError({ code: "JobNotFound", status: 404, message: "no job 7", cause });
    assert.deepEqual(errorResponse(fault, "q1"), {
      status: 404,
      body: { code: "JobNotFound", message: "no job 7", details: null, requestId: "q1" },
    });
  });

  it("tells nothing of an unknown fault but where to look", () => {
    for (const fault of [new Error("SELECT * FROM secrets at /srv/db"), "secret", null, { status: 400 }]) {
      const { status, body } = errorResponse(fault, "q1");
      assert.equal(status, 500);
      assert.equal(body.code, "InternalError");
      assert.ok(body.message.includes("q1") && !/secret|srv/.test(JSON.stringify(body)));
    }
  });

  it("calls a request that could not be read the caller's, and hides what the library said", () => {
    const { status, body } = errorResponse(Object.assign(new Error("at /srv/x.js"), { status: 400 }), "q");
    assert.deepEqual([status, body.code], [400, "BadRequest"]);
    assert.ok(!body.message.includes("srv"));
    assert.equal(errorResponse(Object.assign(new Error("x"), { status: 502 }), "q").status, 500);
  });
});

describe("parsing what a caller sent", () => {
  it("gives typed values and defaults", () => {
    assert.deepEqual(parse(jobIdParameter, { id: "201" }, "path"), { id: 201 });
    assert.deepEqual(parse(jobIdParameter, { id: "-5" }, "path"), { id: -5 });
    assert.equal(parse(pageQuery, {}, "query").limit, 100);
    assert.equal(parse(eventPosition, undefined, "header"), 0);
  });

  it("names each field at fault and its place", () => {
    const schema = z.object({ a: z.number(), b: z.object({ c: z.string() }) });
    assert.throws(
      () => parse(schema, { a: "x", b: {} }, "body"),
      (fault: ServiceError) => {
        assert.deepEqual([fault.code, fault.status], ["BadRequest", 400]);
        assert.match(fault.message, /^The body is not usable\. a: .*; b\.c: /);
        return true;
      },
    );
    assert.throws(() => parse(eventPosition, "x", "header Last-Event-ID"), /header Last-Event-ID: /);
  });

  it("refuses ids and pages that cannot be", () => {
    for (const id of ["1.5", "x", "", " ", "-", "0x1", "1e3", "9007199254740993"])
      assert.throws(() => parse(jobIdParameter, { id }, "path"), /not usable/);
    for (const limit of ["0", "501", "x"]) assert.throws(() => parse(pageQuery, { limit }, "query"), /limit/);
  });
});
