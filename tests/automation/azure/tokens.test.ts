import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tokensOf } from "../../../automation/azure/tokens.ts";

/** A credential whose tokens live so long, and which counts what it is asked. */
function scripted(lifeMs: number, answers: readonly (Error | null)[] = []) {
  const asked: string[] = [];
  const tokenOf = tokensOf(() => ({
    getToken: async (scope) => {
      asked.push(String(scope));
      const fault = answers[asked.length - 1];
      if (fault) throw fault;
      return { token: `token ${asked.length}`, expiresOnTimestamp: Date.now() + lifeMs };
    },
  }));
  return { asked, tokenOf };
}

const hourMs = 3_600_000;

describe("bearer tokens", () => {
  it("are asked for once a resource, even by many at a time, and kept", async () => {
    const { asked, tokenOf } = scripted(hourMs);
    const arm = "https://management.azure.com";
    assert.deepEqual(await Promise.all([tokenOf(arm), tokenOf(arm)]), ["token 1", "token 1"]);
    assert.equal(await tokenOf(arm), "token 1");
    assert.equal(await tokenOf("https://graph.microsoft.com"), "token 2");
    assert.deepEqual(asked, [`${arm}/.default`, "https://graph.microsoft.com/.default"]);
  });

  it("are asked for anew before they end", async () => {
    const { tokenOf } = scripted(60_000);
    assert.equal(await tokenOf("r"), "token 1");
    assert.equal(await tokenOf("r"), "token 2");
  });

  it("that were refused are asked for again", async () => {
    const { tokenOf } = scripted(hourMs, [new Error("AADSTS700016: not found"), null]);
    await assert.rejects(tokenOf("r"), /AADSTS700016/);
    assert.equal(await tokenOf("r"), "token 2");
  });
});
