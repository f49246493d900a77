import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isNamedBy, wordsOf } from "../../../automation/http/object-words.ts";

const object = (sentence: string, ...also: readonly string[]) => ({ id: sentence, sentence, also });
const grant = object("EXECUTE on model ml.models.job_201 to ds_team", "access-eastus-1", "eastus", "aa-bb");
const endpoint = object("private endpoint pe-1 to vault of ml-vault", "/subscriptions/s/vaults/ml-vault");
const range = object("IP range 10.0.0.1/32 allowed on the Databricks workspace of eastus", "10.0.0.1");
const cluster = object("cluster policy rowgate-job-20 (Standard_D4ds_v5, 1 to 2 workers, 15.4.x)", "job-20");

describe("words that name an object", () => {
  const found = [
    [grant, "EXECUTE on model ml.models.job_201 to ds_team"],
    [grant, "ds_team execute ML.MODELS.JOB_201"],
    [grant, "access-eastus-1"],
    [grant, "ds_team in eastus"],
    [endpoint, "ml-vault"],
    [endpoint, "/subscriptions/s/vaults/ml-vault"],
    [endpoint, "vaults"],
    [range, "10.0.0.1/32"],
    [range, "10.0.0.1"],
    [cluster, "Standard_D4ds_v5"],
    [cluster, "'job-20'"],
  ] as const;
  for (const [named, text] of found)
    it(`"${text}" finds ${named.sentence}`, () => assert.ok(isNamedBy(named, wordsOf(text))));

  const missed = [
    [grant, "ml.models.job_20"],
    [grant, "ml.models.job_2011"],
    [grant, "job_201"],
    [grant, "ds"],
    [grant, "ds_team_eu"],
    [grant, "EXEC"],
    [grant, "access-eastus-11"],
    [grant, "EXECUTE ds_team ml.models.churn"],
    [endpoint, "vault-eu"],
    [endpoint, "pe"],
    [range, "10.0.0.10"],
    [range, "10.0.0"],
    [range, "0.0.0.1"],
    [cluster, "job-2"],
    [cluster, "job-201"],
    [cluster, "5.4.x"],
  ] as const;
  for (const [named, text] of missed)
    it(`"${text}" does not find ${named.sentence}`, () => assert.ok(!isNamedBy(named, wordsOf(text))));

  it("the words of an object find it in any order, and one more word does not", () => {
    const words = wordsOf(grant.sentence);
    fc.assert(
      fc.property(fc.shuffledSubarray([...words], { minLength: 1 }), (some) => {
        assert.ok(isNamedBy(grant, wordsOf(some.join("  "))));
        assert.ok(!isNamedBy(grant, wordsOf([...some, "nobody"].join(" "))));
      }),
    );
  });

  it("words that only join names are left out, unless there are no others", () => {
    assert.deepEqual(wordsOf("USE_CATALOG on catalog ml to (ds_team)"), [
      "use_catalog",
      "catalog",
      "ml",
      "ds_team",
    ]);
    assert.deepEqual(wordsOf("to the"), ["to", "the"]);
    assert.deepEqual(wordsOf(" , ; "), []);
  });
});
