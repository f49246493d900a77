/** The rules of a pipeline's activities, those inside branches and loops too. */
import { at, type Body, bodiesAt, isBody, type Json, textAt, textsAt } from "../json.ts";
import type { InputFault } from "../resource-type.ts";
import { callsIn, type Expression, ExpressionFault, isKnownCall, parseExpression } from "./adf-expression.ts";
import { innerLists, outerKeys } from "./adf-json.ts";
import { activityShapes, needsLinkedService } from "./adf-shapes.ts";
import {
  fault,
  isExpression,
  isWhole,
  referenceFaults,
  shapeFaults,
  timespanSeconds,
  unknownKeys,
} from "./adf-words.ts";

/** Data Factory's limit for one pipeline, inner activities included. */
const maxActivities = 120;
const conditions = ["Succeeded", "Failed", "Skipped", "Completed"];
const loops = ["ForEach", "Until"];
const branches = ["IfCondition", "Switch"];

interface Found {
  readonly activity: Body;
  readonly path: string;
  /** types of the containers around it, outermost first */
  readonly inside: readonly string[];
}

interface Pipeline {
  readonly names: readonly string[];
  readonly parameters: readonly string[];
  readonly variables: readonly string[];
}

export function activityFaults(properties: Body): InputFault[] {
  const found = walk(properties.activities, "properties.activities", []);
  const names = found.map(({ activity }) => textAt(activity, "name"));
  const keys = (value: Json | undefined): string[] => (isBody(value) ? Object.keys(value) : []);
  const pipeline = { names, parameters: keys(properties.parameters), variables: keys(properties.variables) };
  const twins = found.filter(({ activity }, index) => names.indexOf(textAt(activity, "name")) !== index);
  return [
    ...(found.length > maxActivities
      ? [fault("properties.activities", `a pipeline has at most ${maxActivities} activities`)]
      : []),
    ...twins.map(({ activity, path }) =>
      fault(`${path}.name`, `the name '${textAt(activity, "name")}' is used twice`),
    ),
    ...found.flatMap((each) => oneFaults(each, pipeline)),
    ...dependencyFaults(properties.activities, "properties.activities"),
  ];
}

function walk(list: Json | undefined, path: string, inside: readonly string[]): Found[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isBody).flatMap((activity, index) => {
    const here = `${path}[${index}]`;
    const type = textAt(activity, "type");
    const deeper = innerOf(activity, here).flatMap((inner) =>
      walk(inner.list, inner.path, [...inside, type]),
    );
    return [{ activity, path: here, inside }, ...deeper];
  });
}

/** The lists of activities that an activity holds. */
function innerOf(activity: Body, path: string): { list: Json | undefined; path: string }[] {
  const own = innerLists.map((key) => ({
    list: at(activity, `typeProperties.${key}`),
    path: `${path}.typeProperties.${key}`,
  }));
  const cases = bodiesAt(activity, "typeProperties.cases").map((entry, index) => ({
    list: entry.activities,
    path: `${path}.typeProperties.cases[${index}].activities`,
  }));
  return [...own, ...cases].filter(({ list }) => list !== undefined);
}

function oneFaults({ activity, path, inside }: Found, pipeline: Pipeline): InputFault[] {
  const type = textAt(activity, "type");
  const shape = activityShapes[type];
  if (!shape) {
    const known = Object.keys(activityShapes).join(", ");
    return [fault(`${path}.type`, `the activity type '${type}' is not simulated; known are ${known}`)];
  }
  const own = activity.typeProperties;
  const inner = `${path}.typeProperties`;
  return [
    ...nameFaults(activity, path),
    ...unknownKeys(activity, [...outerKeys.activity, "typeProperties"], path),
    ...shapeFaults(shape, own, { path: inner, type }),
    ...nestingFaults(type, inside, path),
    ...policyFaults(activity, type, path),
    ...referenceFaults(activity, path, ["linkedServiceName"]),
    ...referenceFaults(own, inner, ["dataset", "pipeline", "connectVia"]),
    ...(needsLinkedService.includes(type) && activity.linkedServiceName === undefined
      ? [fault(`${path}.linkedServiceName`, `a ${type} needs a linked service`)]
      : []),
    ...(isBody(own) ? (typeRules[type]?.(own, inner, pipeline) ?? []) : []),
    ...expressionFaults({ ...activity, typeProperties: withoutInner(own) }, path, pipeline),
  ];
}

function withoutInner(own: Json | undefined): Json {
  if (!isBody(own)) return null;
  // the activities inside are looked at by themselves
  const kept = Object.entries(own).filter(
    ([key]) => key !== "cases" && !innerLists.some((list) => list === key),
  );
  return Object.fromEntries(kept);
}

function nameFaults(activity: Body, path: string): InputFault[] {
  const name = textAt(activity, "name");
  if (/^[A-Za-z0-9_][^.+?/<>*%&:\\]{0,54}$/.test(name)) return [];
  return [
    fault(
      `${path}.name`,
      `'${name}' is not a valid name: at most 55 characters, none of . + ? / < > * % & : \\`,
    ),
  ];
}

function nestingFaults(type: string, inside: readonly string[], path: string): InputFault[] {
  for (const family of [loops, branches]) {
    const outer = inside.find((each) => family.includes(each));
    if (family.includes(type) && outer) return [fault(path, `a ${type} can't be inside a ${outer}`)];
  }
  return [];
}

function policyFaults(activity: Body, type: string, path: string): InputFault[] {
  const { policy } = activity;
  if (policy === undefined) return [];
  if (!isBody(policy)) return [fault(`${path}.policy`, "must be an object")];
  const secureOnly = type === "WebHook" || type === "SetVariable";
  const known = [
    "secureInput",
    "secureOutput",
    ...(secureOnly ? [] : ["timeout", "retry", "retryIntervalInSeconds"]),
  ];
  const { timeout, retry, retryIntervalInSeconds: interval } = policy;
  const faults = unknownKeys(policy, known, `${path}.policy`);
  if (typeof timeout === "string" && timespanSeconds(timeout) === undefined) {
    faults.push(fault(`${path}.policy.timeout`, `'${timeout}' is not a time span such as 0.00:05:00`));
  }
  if (retry !== undefined && !isWhole(retry, 0) && !isExpression(retry)) {
    faults.push(fault(`${path}.policy.retry`, "must be a whole number"));
  }
  if (interval !== undefined && !(isWhole(interval, 30) && interval <= 86_400)) {
    faults.push(fault(`${path}.policy.retryIntervalInSeconds`, "must be from 30 to 86400"));
  }
  return faults;
}

type Rule = (own: Body, path: string, pipeline: Pipeline) => InputFault[];

const typeRules: Readonly<Record<string, Rule>> = {
  WebActivity: (own, path) => [
    ...httpFaults(own, path, ["GET", "POST", "PUT", "DELETE", "PATCH"]),
    ...timespanFault(own.httpRequestTimeout, `${path}.httpRequestTimeout`, { least: 60, most: 600 }),
  ],
  WebHook: (own, path) => [
    ...httpFaults(own, path, ["POST"]),
    ...timespanFault(own.timeout, `${path}.timeout`, { least: 1, most: 7 * 86_400 }),
  ],
  Lookup: lookupFaults,
  IfCondition: (own, path) => mustBeExpression(own.expression, `${path}.expression`),
  Until: (own, path) => mustBeExpression(own.expression, `${path}.expression`),
  ForEach: (own, path) => mustBeExpression(own.items, `${path}.items`),
  Switch: (own, path) => mustBeExpression(own.on, `${path}.on`),
  Filter: (own, path) => [
    ...mustBeExpression(own.items, `${path}.items`),
    ...mustBeExpression(own.condition, `${path}.condition`),
  ],
  SetVariable: variableFaults,
  AppendVariable: variableFaults,
};

function httpFaults(own: Body, path: string, methods: readonly string[]): InputFault[] {
  const { url, method } = own;
  const faults: InputFault[] = [];
  if (typeof url === "string" ? !isUrl(url) : url !== undefined && !isExpression(url)) {
    faults.push(fault(`${path}.url`, "must be an http(s) URL or an expression"));
  }
  if (method !== undefined && !methods.includes(String(method))) {
    faults.push(fault(`${path}.method`, `'${String(method)}' is not one of ${methods.join(", ")}`));
  }
  if ((method === "POST" || method === "PUT") && own.body === undefined) {
    faults.push(fault(`${path}.body`, `a ${method} needs a body`));
  }
  return [...faults, ...authenticationFaults(own.authentication, `${path}.authentication`)];
}

const isUrl = (text: string): boolean => text.includes("@") || /^https?:\/\/[^\s/]+/i.test(text);

function authenticationFaults(authentication: Json | undefined, path: string): InputFault[] {
  if (authentication === undefined) return [];
  const type = textAt(authentication, "type");
  if (["Basic", "ClientCertificate", "ServicePrincipal"].includes(type)) return [];
  if (type !== "MSI" && type !== "UserAssignedManagedIdentity") {
    return [fault(`${path}.type`, `'${type}' is no way to authenticate a web call`)];
  }
  const needsCredential = type !== "MSI" && at(authentication, "credential") === undefined;
  return [
    ...(at(authentication, "resource") === undefined
      ? [fault(`${path}.resource`, `${type} needs a resource`)]
      : []),
    ...(needsCredential ? [fault(`${path}.credential`, `${type} needs a credential`)] : []),
    ...referenceFaults(authentication, path, ["credential"]),
  ];
}

function timespanFault(
  value: Json | undefined,
  path: string,
  { least, most }: { least: number; most: number },
): InputFault[] {
  if (value === undefined || isExpression(value)) return [];
  const seconds = timespanSeconds(String(value));
  if (seconds !== undefined && seconds >= least && seconds <= most) return [];
  return [fault(path, `'${String(value)}' is not a time span from ${least} to ${most} seconds`)];
}

function lookupFaults(own: Body, path: string): InputFault[] {
  const source = own.source;
  if (!/Source$/.test(textAt(source, "type"))) {
    return [fault(`${path}.source.type`, "must name a source, such as AzureSqlSource")];
  }
  const both =
    at(source, "sqlReaderQuery") !== undefined && at(source, "sqlReaderStoredProcedureName") !== undefined;
  return both ? [fault(`${path}.source`, "takes a query or a stored procedure, not both")] : [];
}

const mustBeExpression = (value: Json | undefined, path: string): InputFault[] =>
  value === undefined || isExpression(value) ? [] : [fault(path, 'must be { value, type: "Expression" }')];

function variableFaults(own: Body, path: string, { variables }: Pipeline): InputFault[] {
  const name = textAt(own, "variableName");
  if (own.setSystemVariable === true || variables.includes(name)) return [];
  return [fault(`${path}.variableName`, `the pipeline has no variable '${name}'`)];
}

/** dependsOn names neighbours in the same list, and no circle of them. */
function dependencyFaults(list: Json | undefined, path: string): InputFault[] {
  const activities = Array.isArray(list) ? list.filter(isBody) : [];
  const needs = new Map(
    activities.map((activity) => [
      textAt(activity, "name"),
      bodiesAt(activity, "dependsOn").map((dependency) => textAt(dependency, "activity")),
    ]),
  );
  return activities.flatMap((activity, index) => {
    const here = `${path}[${index}]`;
    const name = textAt(activity, "name");
    const own = bodiesAt(activity, "dependsOn").flatMap((dependency, at) => {
      const on = textAt(dependency, "activity");
      const asked = textsAt(dependency, "dependencyConditions");
      const known = asked.length > 0 && asked.every((condition) => conditions.includes(condition));
      return [
        ...(needs.has(on)
          ? []
          : [fault(`${here}.dependsOn[${at}]`, `no activity '${on}' is beside '${name}'`)]),
        ...(known
          ? []
          : [fault(`${here}.dependsOn[${at}].dependencyConditions`, `must be of ${conditions.join(", ")}`)]),
      ];
    });
    const circle = comesBack(needs, name) ? [fault(`${here}.dependsOn`, `'${name}' depends on itself`)] : [];
    return [
      ...own,
      ...circle,
      ...innerOf(activity, here).flatMap((inner) => dependencyFaults(inner.list, inner.path)),
    ];
  });
}

function comesBack(needs: ReadonlyMap<string, readonly string[]>, name: string): boolean {
  const seen = new Set<string>();
  for (let frontier = [...(needs.get(name) ?? [])]; frontier.length > 0; ) {
    if (frontier.includes(name)) return true;
    for (const each of frontier) seen.add(each);
    frontier = frontier.flatMap((each) => needs.get(each) ?? []).filter((each) => !seen.has(each));
  }
  return false;
}

/** Every expression parses, calls what is known, and names what the pipeline has. */
function expressionFaults(value: Json, path: string, pipeline: Pipeline): InputFault[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => expressionFaults(item, `${path}[${index}]`, pipeline));
  if (isBody(value) && value.type === "Expression") {
    return typeof value.value === "string"
      ? textFaults(value.value, path, pipeline)
      : [fault(path, "the value of an expression is text")];
  }
  if (isBody(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      expressionFaults(inner, `${path}.${key}`, pipeline),
    );
  }
  return typeof value === "string" ? textFaults(value, path, pipeline) : [];
}

const places = ["activity", "pipeline", "item", "variables", "trigger", "linkedservice", "dataset"];

function textFaults(text: string, path: string, pipeline: Pipeline): InputFault[] {
  let parsed: Expression;
  try {
    parsed = parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionFault) return [fault(path, error.message)];
    throw error;
  }
  return callsIn(parsed).flatMap(({ name, args }) => {
    const [first] = args;
    const named = first?.kind === "literal" ? String(first.value) : "";
    const known = { activity: pipeline.names, variables: pipeline.variables }[name.toLowerCase()];
    if (known && !known.includes(named)) return [fault(path, `'${named}' is not in the pipeline (${name})`)];
    return isKnownCall(name, places) ? [] : [fault(path, `the function '${name}' is not simulated`)];
  });
}
