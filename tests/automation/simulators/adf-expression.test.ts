import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate, parseExpression } from "../../../automation/simulators/azure/adf-expression.ts";
import type { Json } from "../../../automation/simulators/json.ts";

const scope = {
  pipeline: () => ({ RunId: "r-1", Pipeline: "PL", parameters: { jobId: 201 } }),
  activity: ([name = null]: readonly Json[]) => ({
    output: { firstRow: { name, status: "ready" }, value: [1, 2] },
  }),
  item: () => ({ id: 7, "a b": "x" }),
};
const answerTo = (text: string): Json => evaluate(parseExpression(text), scope);

const answers: readonly (readonly [string, Json])[] = [
  ["plain text", "plain text"],
  ["@@home", "@home"],
  ["a@b.example", "a@b.example"],
  ["@pipeline().RunId", "r-1"],
  ["@concat('a', string(pipeline().parameters.jobId), '''b''')", "a201'b'"],
  ["run @{pipeline().RunId} of @{pipeline().parameters.jobId}!", "run r-1 of 201!"],
  ["@activity('L').output.firstRow.status", "ready"],
  ["@activity('L').output.value[1]", 2],
  ["@item()['a b']", "x"],
  ["@item()?.none", null],
  ["@coalesce(item()?.none, 'other')", "other"],
  ["@equals(activity('L').output.firstRow.status, 'ready')", true],
  ["@if(equals(1, 2), item().none, 'no')", "no"],
  ["@json(concat('{\"run\":\"', pipeline().RunId, '\"}'))", { run: "r-1" }],
  ["@bool('True')", true],
  ["@and(not(false), or(false, bool(1)))", true],
  ["@greater(length('abc'), 2)", true],
  ["@less(int('3'), 4)", true],
  ["@empty('')", true],
  ["@toUpper(tolower('AbC'))", "ABC"],
];

const refusals: readonly (readonly [string, RegExp])[] = [
  ["@guid()", /the function 'guid' is not simulated/],
  ["@item().none", /property 'none' doesn't exist, available properties are 'id, a b'/],
  ["@activity('L').output.value[9]", /no item 9/],
  ["@if('x', 1, 2)", /a boolean is needed/],
  ["@concat('a'", /'\)' is expected/],
  ["@concat('a') b", /the end is expected/],
  ["@word", /'word' is no value/],
  ["@int('x')", /is no integer/],
  ["@json('{')", /no JSON/],
  ["a @{item().id", /'\}' is expected/],
];

describe("expressions", () => {
  for (const [text, value] of answers) {
    it(`${text} is ${JSON.stringify(value)}`, () => assert.deepEqual(answerTo(text), value));
  }
  for (const [text, says] of refusals) {
    it(`${text} is refused`, () => assert.throws(() => answerTo(text), says));
  }
});
