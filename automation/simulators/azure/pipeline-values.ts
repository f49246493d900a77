/** Values of a pipeline as it runs: every expression in a document replaced by what it comes to. */
import { isBody, type Json } from "../json.ts";
import { ExpressionFault, evaluate, parseExpression, type Scope } from "./adf-expression.ts";
import { isExpression } from "./adf-words.ts";

/** An activity, and with it perhaps the pipeline, has failed: in Data Factory's own words where it has some. */
export class ActivityFault extends Error {
  override readonly name = "ActivityFault";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function resolve(value: Json, scope: Scope): Json {
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope));
  if (isExpression(value)) return resolveText(value.value, scope);
  if (isBody(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner, scope)]));
  }
  return typeof value === "string" ? resolveText(value, scope) : value;
}

function resolveText(text: string, scope: Scope): Json {
  try {
    return evaluate(parseExpression(text), scope);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    throw new ActivityFault(
      "InvalidTemplate",
      `The expression '${text}' cannot be evaluated: ${error.message}.`,
    );
  }
}
