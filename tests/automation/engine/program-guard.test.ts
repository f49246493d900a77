/** A program whose connection to its engine breaks must not end like one that wants nothing: the real engine deletes what is not wanted. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as resourceService from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import * as settings from "@pulumi/pulumi/runtime/settings.js";
import { failureOf } from "../../../automation/engine/engine-errors.ts";
import { guarded, guardPrograms, hasBegun } from "../../../automation/engine/program-guard.ts";
import type { AccessSpec } from "../../../metadata-schema/desired-state.ts";
import { stackProgram } from "../../../program/stack-program.ts";
import { enginePath } from "../../support/service.ts";
import { Lab } from "./samples/lab.ts";
import { grant } from "./samples/specs.ts";

type Call = (request: unknown, callback: (fault: Error) => void, ...rest: unknown[]) => unknown;
const calls = ["getDeploymentInfo", "supportsFeature", "registerResource"] as const;
const client = (
  resourceService as unknown as {
    ResourceMonitorClient: { prototype: Record<(typeof calls)[number], Call> };
  }
).ResourceMonitorClient.prototype;
const real = { ...Object.fromEntries(calls.map((name) => [name, client[name]])) } as typeof client;

/** From so many registrations on, the stack's own included, an engine that is alive does not answer: UNAVAILABLE. */
function cutOffAfter(registrations: number): void {
  let count = 0;
  for (const name of calls) {
    client[name] = function (this: unknown, request, callback, ...rest) {
      if (count >= registrations) {
        setImmediate(
          callback,
          Object.assign(new Error("14 UNAVAILABLE: gone"), { code: 14, details: "gone" }),
        );
        return undefined;
      }
      if (name === "registerResource") count += 1;
      return real[name].call(this, request, callback, ...rest);
    };
  }
}
const mend = (): void => void Object.assign(client, real);

describe("a program that is cut off from its engine", { timeout: 120_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.open(enginePath());
  });
  afterEach(mend);
  after(() => lab.close());

  const deletes = async () => (await lab.calls()).filter(({ call }) => call === "delete").length;
  async function endOf(spec: AccessSpec, program: PulumiFn) {
    const { exitCode, errors, stderr, stdout } = await lab.run(spec, { program });
    return { exitCode, failure: failureOf({ errors, stderr, stdout }) };
  }

  for (const [when, registrations] of [
    ["before it began", 0],
    ["in the middle", 2],
  ] as const) {
    it(`${when}, and guarded, ends as a passing failure, and nothing is deleted`, async () => {
      guardPrograms();
      const spec = grant(lab.host, `guarded-${registrations}`);
      await lab.prepare(spec);
      const before = await deletes();
      cutOffAfter(registrations);
      const program = guarded(stackProgram(spec));
      const { exitCode, failure } = await endOf(spec, program);
      assert.notEqual(exitCode, 0);
      assert.equal(hasBegun(program), registrations > 0);
      assert.equal(await deletes(), before);
      assert.equal(failure.class, "transient", failure.message);
      mend();
      assert.equal((await endOf(spec, guarded(stackProgram(spec)))).exitCode, 0, "and the next run works");
      assert.equal(await deletes(), before);
    });
  }

  it("is not so for an engine that has the port of one that is gone", async () => {
    guardPrograms();
    const { grpcClientOptions } = settings as unknown as { grpcClientOptions: grpc.ClientOptions };
    const port = await freePort();
    assert.notEqual(await ask(port, grpcClientOptions), null, "nobody listens yet");
    const server = new grpc.Server();
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (fault) =>
        fault === null ? resolve() : reject(fault),
      ),
    );
    const answer = await ask(port, grpcClientOptions);
    server.forceShutdown();
    assert.equal(answer?.code, grpc.status.UNIMPLEMENTED, `it is asked, and answers: ${answer?.message}`);
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A call by a client of its own, which is left open as the SDK leaves its clients. */
function ask(port: number, options: grpc.ClientOptions): Promise<grpc.ServiceError | null> {
  const made = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
  const raw = (value: Buffer): Buffer => value;
  return new Promise((resolve) => {
    made.makeUnaryRequest("/pulumirpc.ResourceMonitor/Nothing", raw, raw, Buffer.from(""), (fault) => {
      setTimeout(() => made.close(), 5_000).unref();
      resolve(fault);
    });
  });
}
