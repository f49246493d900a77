/** An Environments row, as files or the service tell it, in the words of bootstrap. */
import { z } from "zod";
import type { EnvironmentFacts, ExistingResource } from "../../metadata-schema/desired-state.ts";
import {
  fitsExisting,
  isExistingResource,
  shapeOfExisting,
} from "../../program/layout/existing-resources.ts";

/** What bootstrap has to know of an environment. */
export interface BootstrapFacts {
  readonly environment: EnvironmentFacts;
  /** the environment makes an Entra group of its own */
  readonly ownGroup: boolean;
  /** and has members in it, who are looked up */
  readonly ownGroupMembers: boolean;
  /** fired alerts are told to the service, which asks Azure about each */
  readonly toldOfAlerts: boolean;
  readonly catalog: string;
  readonly schema: string;
}

/** The service's identity in Entra ID. */
export interface ServicePrincipalFacts {
  readonly objectId: string;
  /** null: not known yet; it stands in text that a person completes */
  readonly applicationId: string | null;
  readonly displayName: string | null;
}

/** Only what is asked of here: a row in a file leaves out what has a default, and other faults are told by `apply`. */
const row = z.object({
  name: z.string().regex(/^[a-z0-9]{2,12}$/, "has 2 to 12 of a-z and 0-9"),
  location: z.string().min(1),
  subscription_id: z.guid("is no GUID"),
  tenant_id: z.guid("is no GUID"),
  resource_group: z.string().min(1),
  key_vault_id: z.string().nullable().default(null),
  catalog_name: z.string().min(1).default("ml"),
  schema_name: z.string().min(1).default("models"),
  own_group: z.string().nullable().default(null),
  own_group_members: z.array(z.string()).default([]),
  existing_resources: z.record(z.string(), z.string()).default({}),
  service_url: z.string().nullable().default(null),
});

export type BootstrapEnvironment = BootstrapFacts & { readonly serviceUrl: string | null };

export type ReadBootstrapFacts =
  | { readonly status: "read"; readonly facts: BootstrapEnvironment }
  | { readonly status: "faulty"; readonly faults: readonly string[] };

export function readBootstrapFacts(values: Readonly<Record<string, unknown>>): ReadBootstrapFacts {
  const parsed = row.safeParse(withoutText(values));
  if (!parsed.success)
    return {
      status: "faulty",
      faults: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`),
    };
  const { data } = parsed;
  const named = [
    ...Object.entries(data.existing_resources),
    ...(data.key_vault_id === null ? [] : [["key_vault", data.key_vault_id] as const]),
  ];
  const faults = named.flatMap(([resource, id]) => faultOfExisting(resource, id));
  if (faults.length > 0) return { status: "faulty", faults };
  return {
    status: "read",
    facts: {
      environment: {
        name: data.name,
        location: data.location,
        subscriptionId: data.subscription_id,
        tenantId: data.tenant_id,
        resourceGroup: data.resource_group,
        existing: Object.fromEntries(named) as Partial<Record<ExistingResource, string>>,
      },
      ownGroup: data.own_group !== null,
      ownGroupMembers: data.own_group !== null && data.own_group_members.length > 0,
      toldOfAlerts: data.service_url !== null,
      serviceUrl: data.service_url,
      catalog: data.catalog_name,
      schema: data.schema_name,
    },
  };
}

// A role is assigned on what this says: a wrong id is a role in a wrong place.
function faultOfExisting(resource: string, id: string): readonly string[] {
  if (!isExistingResource(resource))
    return [`existing_resources.${resource}: is nothing that can be taken over`];
  return fitsExisting(resource, id)
    ? []
    : [`existing_resources.${resource}: is not an ARM id like ${shapeOfExisting(resource)}`];
}

const jsonColumns = ["own_group_members", "existing_resources"];

/** The database keeps lists and objects as text. */
const withoutText = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      jsonColumns.includes(name) && typeof value === "string" ? parsed(value) : value,
    ]),
  );

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
