/** Whether a cluster obeys a policy: every element of the definition against the attribute that it names. */
import { type Body, bodiesAt, equal, isBody, type Json, listAt, textAt } from "../json.ts";

/** Free-form maps of a cluster: their keys are the user's, not the API's. */
const freeForm = ["custom_tags", "spark_conf", "spark_env_vars"];

const snake = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `{autoscale: {minWorkers: 1}}` → `autoscale.min_workers` → 1, as policies name attributes. */
export function attributesOf(cluster: Body): Map<string, Json> {
  const found = new Map<string, Json>();
  const walk = (path: string, value: Json): void => {
    if (!isBody(value) && !Array.isArray(value)) {
      found.set(path, value);
      return;
    }
    const isFree = freeForm.includes(path);
    for (const [key, inner] of Object.entries(value)) {
      const step = isFree || Array.isArray(value) ? key : snake(key);
      walk(path === "" ? step : `${path}.${step}`, inner);
    }
  };
  walk("", cluster);
  return found;
}

/** What the service says of a cluster that breaks its policy; undefined: it obeys. */
export function policyFault(definition: string, cluster: Body, clusterType: string): string | undefined {
  const rules = parsed(definition);
  const attributes = attributesOf(cluster);
  attributes.set("cluster_type", clusterType);
  const appliesDefaults = cluster.applyPolicyDefaultValues === true;
  const faults = Object.entries(rules).flatMap(([path, rule]) => {
    if (!isBody(rule)) return [];
    return matching(attributes, path).flatMap(([name, value]) => {
      const fault = faultOf(rule, value ?? (appliesDefaults ? defaultOf(rule) : undefined), name);
      return fault === undefined ? [] : [`Validation failed for ${fault}`];
    });
  });
  return faults.length === 0 ? undefined : `Cluster validation error: ${faults.join("; ")}`;
}

function parsed(definition: string): Body {
  try {
    const value = JSON.parse(definition) as Json;
    return isBody(value) ? value : {};
  } catch {
    // no policy is stored with such a definition; a person may have set one by hand
    return {};
  }
}

/** The attributes that a rule is about; `*` stands for each entry of a list. */
function matching(attributes: ReadonlyMap<string, Json>, path: string): [string, Json | undefined][] {
  if (!path.includes("*")) return [[path, attributes.get(path)]];
  const escaped = path.split("*").map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, "\\$&"));
  const pattern = new RegExp(`^${escaped.join("\\d+")}$`);
  return [...attributes].filter(([name]) => pattern.test(name));
}

const defaultOf = (rule: Body): Json | undefined => (rule.type === "fixed" ? rule.value : rule.defaultValue);

function faultOf(rule: Body, value: Json | undefined, name: string): string | undefined {
  const type = textAt(rule, "type");
  if (value === undefined) {
    const isFree = type === "forbidden" || type === "unlimited" || type === "blocklist";
    return isFree || rule.isOptional === true ? undefined : absent(name);
  }
  const says = saysOf(rule, value);
  return says === undefined ? undefined : `${name}, the value ${says} (is "${String(value)}")`;
}

/** Of a map the service names the key: `Validation failed for custom_tags, environment must be present`. */
function absent(name: string): string {
  const map = freeForm.find((each) => name.startsWith(`${each}.`));
  return map ? `${map}, ${name.slice(map.length + 1)} must be present` : `${name}, the value must be present`;
}

/** What the value must be; undefined: it is. */
function saysOf(rule: Body, value: Json): string | undefined {
  const values = listAt(rule, "values");
  switch (textAt(rule, "type")) {
    case "fixed":
      return same(rule.value, value) ? undefined : `must be ${String(rule.value)}`;
    case "allowlist":
      return values.some((each) => same(each, value)) ? undefined : `must be one of ${values.join(", ")}`;
    case "blocklist":
      return values.some((each) => same(each, value)) ? `must not be one of ${values.join(", ")}` : undefined;
    case "regex": {
      const pattern = textAt(rule, "pattern");
      return new RegExp(`^(?:${pattern})$`).test(String(value))
        ? undefined
        : `must match the regex ${pattern}`;
    }
    case "range":
      return outside(rule, Number(value));
    case "forbidden":
      return "must not be present";
    default:
      return undefined;
  }
}

function outside(rule: Body, value: number): string | undefined {
  const [least, most] = [rule.minValue, rule.maxValue];
  if (typeof least === "number" && value < least) return `must be at least ${least}`;
  if (typeof most === "number" && value > most) return `must be at most ${most}`;
  return undefined;
}

/** The service compares what it reads as text: 60 is "60". */
const same = (one: Json | undefined, other: Json): boolean =>
  equal(one, other) || String(one) === String(other);

/** Clusters that a job makes for itself. */
export const clustersOf = (job: Body): Body[] =>
  [...bodiesAt(job, "jobClusters"), ...bodiesAt(job, "tasks")].flatMap(({ newCluster }) =>
    isBody(newCluster) ? [newCluster] : [],
  );
