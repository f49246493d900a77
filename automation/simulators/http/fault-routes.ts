/** `/sandbox/faults`: faults are asked for, listed and cleared. */
import { z } from "zod";
import { armError } from "../cloud-error.ts";
import { addFault, any, clearFaults, faultCalls, faultKinds, listFaults, packageOf } from "../faults.ts";
import { functionTokens } from "../invoke.ts";
import type { CallContext } from "../resource-type.ts";
import { isType, parse } from "./request.ts";
import type { Answer, HttpCall, Route } from "./route.ts";

const faultBody = z
  .strictObject({
    type: z.string().min(1),
    call: z.enum([...faultCalls, any]),
    kind: z.enum(faultKinds).default("error"),
    nth: z.int().min(1).default(1),
    times: z.union([z.int().min(1), z.literal("forever")]).default(1),
    code: z.string().min(1).nullable().default(null),
    message: z.string().min(1).nullable().default(null),
    retryAfterSeconds: z.int().min(0).nullable().default(null),
    // a day: more than any deadline of a run
    seconds: z.number().min(0).max(86_400).nullable().default(null),
    afterCommit: z.boolean().default(false),
  })
  .superRefine((fault, ctx) => {
    const refuse = (path: string, message: string) => ctx.addIssue({ code: "custom", path: [path], message });
    const isRefusal = fault.kind === "error" || fault.kind === "throttle";
    const isLag = fault.kind === "lag";
    if (fault.seconds !== null && fault.kind !== "hang" && !isLag)
      refuse("seconds", "only a hang and a lag take seconds");
    if (isLag && fault.seconds === null) refuse("seconds", "how long new objects are not found");
    if (isLag && !["read", "lookup", "invoke", any].includes(fault.call))
      refuse("call", "a lag is about what is looked for: read, lookup, invoke or any");
    if (isLag && (fault.times !== "forever" || fault.nth !== 1 || fault.afterCommit))
      refuse(
        "times",
        "a lag stands until it is cleared: times is forever, and there is no nth or afterCommit",
      );
    for (const word of ["code", "message", "retryAfterSeconds"] as const) {
      if (fault[word] !== null && !isRefusal)
        refuse(word, `a ${fault.kind} gives no answer that could say it`);
    }
    if (fault.afterCommit && fault.kind === "throttle")
      refuse("afterCommit", "a cloud that throttles does no work");
  });

export const faultRoutes: readonly Route[] = [
  {
    method: "GET",
    path: /^\/sandbox\/faults$/,
    handle: ({ context }) => ({ status: 200, body: { value: listFaults(context.store) } }),
  },
  { method: "POST", path: /^\/sandbox\/faults$/, handle: postFault },
  { method: "DELETE", path: /^\/sandbox\/faults(?:\/(\d+))?$/, handle: deleteFaults },
];

function postFault({ context, body }: HttpCall): Answer {
  const fault = parse(faultBody, body);
  const wanted = fault.type.toLowerCase();
  const type = [any, ...tokensOf(context, fault.kind === "lag" ? any : fault.call)].find((token) =>
    isType(token, wanted),
  );
  if (!type) {
    throw armError(
      400,
      "UnknownType",
      `The simulated clouds know no ${fault.type} that a fault of the call ${fault.call} could strike. Name one as \`sandbox list\` does, a package, or ${any}.`,
    );
  }
  return { status: 201, body: addFault(context.store, { ...fault, type }) };
}

/** What a fault of this call may be about: packages, and tokens of what is called. */
function tokensOf({ types }: CallContext, call: (typeof faultCalls)[number] | typeof any): readonly string[] {
  if (call === "lookup") return ["azuread", "azure-native", "databricks"];
  const tokens = call === "invoke" ? functionTokens : [...types.keys()];
  return [...new Set(tokens.map(packageOf)), ...tokens];
}

function deleteFaults({ context, params }: HttpCall): Answer {
  const id = params[0] ? Number(params[0]) : undefined;
  const cleared = clearFaults(context.store, id);
  context.hangs.release(id);
  return { status: 200, body: { cleared } };
}
