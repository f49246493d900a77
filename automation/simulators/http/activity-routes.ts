/** The activity log over ARM, as Azure Monitor's `eventtypes/management/values` shows it. All in one page. */
import { type ActivityEvent, listActivity } from "../activity.ts";
import { armError } from "../cloud-error.ts";
import type { Body } from "../json.ts";
import type { Route } from "./route.ts";

export const activityRoutes: readonly Route[] = [
  {
    method: "GET",
    lookup: "azure-native",
    path: /^\/subscriptions\/([^/]+)\/providers\/Microsoft\.Insights\/eventtypes\/management\/values$/i,
    handle: ({ context, params, query }) => {
      const wanted = readFilter(query.get("$filter") ?? "");
      const value = listActivity(context.store, { from: wanted.from, to: wanted.to })
        .filter(({ resourceId }) =>
          resourceId.toLowerCase().startsWith(`/subscriptions/${params[0]}`.toLowerCase()),
        )
        .filter((event) => wanted.tests.every((test) => test(event)))
        // newest first, as Azure has them
        .reverse()
        .map(shown);
      return { status: 200, body: { value } };
    },
  },
];

interface Filter {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly tests: readonly ((event: ActivityEvent) => boolean)[];
}

const tests: Readonly<Record<string, (text: string) => (event: ActivityEvent) => boolean>> = {
  correlationid: (text) => (event) => event.correlationId.toLowerCase() === text,
  resourceuri: (text) => (event) => event.resourceId.toLowerCase() === text,
  resourcegroupname: (text) => (event) => groupOf(event).toLowerCase() === text,
  resourceprovider: (text) => (event) => event.operation.toLowerCase().startsWith(`${text}/`),
};

function readFilter(filter: string): Filter {
  const found: { from?: string; to?: string; tests: ((event: ActivityEvent) => boolean)[] } = { tests: [] };
  for (const term of filter.split(/\s+and\s+/i)) {
    const [, name = "", operator = "", text = ""] =
      /^\s*(\w+)\s+(ge|le|eq)\s+'([^']*)'\s*$/i.exec(term) ?? [];
    const key = name.toLowerCase();
    const test = tests[key];
    if (key === "eventtimestamp" && operator !== "eq" && !Number.isNaN(Date.parse(text))) {
      found[operator.toLowerCase() === "ge" ? "from" : "to"] = new Date(text).toISOString();
    } else if (test && operator.toLowerCase() === "eq") found.tests.push(test(text.toLowerCase()));
    else throw armError(400, "BadRequest", `The filter '${term}' of the activity log is not supported.`);
  }
  if (found.from === undefined) {
    throw armError(400, "BadRequest", "The $filter of the activity log needs eventTimestamp ge '<time>'.");
  }
  return { from: found.from, to: found.to, tests: found.tests };
}

const groupOf = ({ resourceId }: ActivityEvent): string =>
  /\/resourceGroups\/([^/]+)/i.exec(resourceId)?.[1] ?? "";

function shown(event: ActivityEvent): Body {
  const named = (value: string): Body => ({ value, localizedValue: value });
  return {
    eventDataId: `${event.seq}`,
    eventTimestamp: event.at,
    submissionTimestamp: event.at,
    caller: event.caller,
    category: named("Administrative"),
    correlationId: event.correlationId,
    operationName: named(event.operation),
    resourceId: event.resourceId,
    resourceGroupName: groupOf(event),
    resourceProviderName: named(event.operation.split("/")[0] ?? ""),
    subscriptionId: event.resourceId.split("/")[2] ?? "",
    status: named(event.status),
    level: event.status === "Failed" ? "Error" : "Informational",
    ...(event.message === null ? {} : { properties: { statusMessage: event.message } }),
  };
}
