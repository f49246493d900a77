import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSignIn, type SignIn } from "../../../automation/azure/sign-in.ts";

const clientId = "11111111-1111-4111-8111-111111111111";
const tenantId = "22222222-2222-4222-8222-222222222222";
const application = { ARM_CLIENT_ID: clientId, ARM_TENANT_ID: tenantId };

function read(variables: Readonly<Record<string, string>>): SignIn {
  const result = readSignIn(variables);
  if (result.status === "read") return result.signIn;
  return assert.fail(result.faults.join("; "));
}

function faults(variables: Readonly<Record<string, string>>): string {
  const result = readSignIn(variables);
  return result.status === "faulty" ? result.faults.join("; ") : assert.fail("it is accepted");
}

describe("who the service is on Azure", () => {
  it("is told by a certificate, else a secret, a workload's token, a managed identity, the person signed in", () => {
    const all = {
      ...application,
      ARM_CLIENT_CERTIFICATE_PATH: "/run/cert.pem",
      ARM_CLIENT_SECRET: "geheim",
      ARM_OIDC_TOKEN_FILE_PATH: "/run/token",
      ARM_USE_MSI: "true",
    };
    const methods: string[] = [];
    const left: Record<string, string> = { ...all };
    for (const name of [
      "ARM_CLIENT_CERTIFICATE_PATH",
      "ARM_CLIENT_SECRET",
      "ARM_OIDC_TOKEN_FILE_PATH",
      "ARM_USE_MSI",
    ]) {
      methods.push(read(left).method);
      delete left[name];
    }
    methods.push(read(left).method);
    assert.deepEqual(methods, [
      "client certificate",
      "client secret",
      "workload identity",
      "managed identity",
      "Azure CLI",
    ]);
    assert.equal(read({ IDENTITY_ENDPOINT: "http://127.0.0.1:4142/token" }).method, "managed identity");
  });

  it("is the same for the engine under either family's names", () => {
    const azure = {
      AZURE_CLIENT_ID: clientId,
      AZURE_TENANT_ID: tenantId,
      AZURE_FEDERATED_TOKEN_FILE: "/var/run/token",
    };
    const { method, clientId: id, engineEnvironment, secret } = read(azure);
    assert.deepEqual(
      [method, id, secret()],
      ["workload identity", clientId, { kind: "token-file", path: "/var/run/token" }],
    );
    assert.deepEqual(engineEnvironment(), {
      ...application,
      ARM_OIDC_TOKEN_FILE_PATH: "/var/run/token",
      ARM_USE_OIDC: "true",
      ARM_USE_MSI: "false",
    });
    assert.match(
      faults({ ...application, AZURE_CLIENT_ID: tenantId }),
      /ARM_CLIENT_ID and AZURE_CLIENT_ID differ/,
    );
  });

  it("hands the engine what its method uses, how to get out, and nothing that says where to work", () => {
    const environment = read({
      ...application,
      ARM_CLIENT_SECRET: "geheim",
      ARM_CLIENT_CERTIFICATE_PASSWORD: "of another method",
      ARM_SUBSCRIPTION_ID: clientId,
      DATABRICKS_HOST: "https://elsewhere",
      DATABRICKS_TOKEN: "dapi",
      PULUMI_DEBUG_PROVIDERS: "azure-native:1",
      HTTPS_PROXY: "http://proxy:3128",
      HOME: "/home/a",
    }).engineEnvironment();
    assert.deepEqual(environment, {
      ...application,
      ARM_CLIENT_SECRET: "geheim",
      HTTPS_PROXY: "http://proxy:3128",
      ARM_USE_MSI: "false",
      ARM_USE_OIDC: "false",
    });
  });

  it("of a person who is signed in is no application", () => {
    assert.deepEqual(read(application).engineEnvironment(), {
      ARM_TENANT_ID: tenantId,
      ARM_USE_MSI: "false",
      ARM_USE_OIDC: "false",
    });
  });

  it("says every fault at once and never the secret", () => {
    const told = faults({ ARM_CLIENT_ID: "me", ARM_CLIENT_SECRET: "geheim", ARM_ENVIRONMENT: "china" });
    assert.match(told, /ARM_CLIENT_ID: is no GUID/);
    assert.match(told, /ARM_TENANT_ID: is not set, and signing in by client secret needs it/);
    assert.match(told, /ARM_ENVIRONMENT: only Azure's public cloud/);
    assert.doesNotMatch(told, /geheim/);
  });

  it("can be printed whole without its secret", () => {
    const signIn = read({ ...application, ARM_CLIENT_SECRET: "geheim" });
    assert.doesNotMatch(JSON.stringify(signIn), /geheim/);
  });
});
