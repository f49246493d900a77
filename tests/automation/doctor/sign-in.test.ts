/** Doctor's questions about tokens, permissions of Microsoft Graph, and the clock they depend on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clockFinding } from "../../../automation/doctor/host-checks.ts";
import {
  graphFindings,
  permissionsIn,
  serviceIn,
  signInFindings,
} from "../../../automation/doctor/sign-in-checks.ts";
import { armFault, scriptedAzure } from "../../support/scripted-azure.ts";
import { servicePrincipal } from "../privilege/facts.ts";
import { faults, list, objectId, ok, plan } from "./healthy-azure.ts";

describe("doctor, of who the service is", () => {
  const jwt = (claims: unknown): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

  it("says for each API whether there is a token, and reads from one who it is", async () => {
    const { findings, service, granted } = await signInFindings("client secret", async (resource) => {
      if (resource.includes("graph")) throw new Error("AADSTS7000222: the secret has ended\nTrace ID: 1");
      return jwt({ oid: objectId, appid: servicePrincipal.applicationId });
    });
    assert.deepEqual(service, { ...servicePrincipal, displayName: null });
    assert.equal(granted, null);
    assert.deepEqual(
      findings.map(({ status }) => status),
      ["ok", "fault", "ok"],
    );
    assert.match(findings[1]?.message ?? "", /AADSTS7000222: the secret has ended$/);
    for (const text of ["", "a.b.c", jwt("text"), jwt({ oid: 1 })]) {
      assert.equal(serviceIn(text), null);
      assert.equal(permissionsIn(text), null);
    }
  });

  it("finds which permission of Microsoft Graph is missing", async (t) => {
    const { access } = await scriptedAzure(t, ({ path }) =>
      path === "/v1.0/users" ? armFault(403, "Authorization_RequestDenied") : list(),
    );
    const { graph } = access;
    const ask = (token: string, needs = plan.graphPermissions) =>
      graphFindings({
        graph,
        needs,
        cloud: "azure",
        service: servicePrincipal,
        granted: permissionsIn(token),
      });
    const findings = await ask(jwt({ roles: ["Group.Read.All", "Group.ReadWrite.All"] }));
    assert.deepEqual(
      findings.map(({ status }) => status),
      ["ok", "fault", "ok"],
    );
    assert.match(faults(findings)[0] ?? "", /answered 403 Give the application permission User\.Read\.All/);
    // Nothing is written to find out: the token tells, unless it is a person's.
    for (const token of [jwt({ roles: ["Group.Read.All"] }), jwt({ oid: objectId })]) {
      const [, , write] = await ask(token);
      assert.equal(write?.status, "fault");
      assert.match(faults([write])[0] ?? "", /Give the application permission Group\.ReadWrite\.All/);
    }
    const [, , ofPerson] = await ask(jwt({ scp: "Group.ReadWrite.All" }));
    assert.equal(ofPerson?.status, "not checked");
    assert.match(ofPerson?.message ?? "", new RegExp(`run: az rest .*/${objectId}/appRoleAssignments`));
    const twoEnvironments = [...plan.graphPermissions.slice(0, 1), ...plan.graphPermissions.slice(0, 1)];
    assert.equal((await ask("", twoEnvironments)).length, 1);
  });

  it("compares the machine's clock with the cloud's", async (t) => {
    const { url } = await scriptedAzure(t, () => ok({}));
    assert.equal((await clockFinding(url)).status, "ok");
    assert.equal((await clockFinding("http://127.0.0.1:1")).status, "not checked");
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 600_000 });
    const late = await clockFinding(url);
    assert.equal(late.status, "fault");
    assert.match(late.message, /^(599|60\d) s ahead of Azure's$/);
  });
});
