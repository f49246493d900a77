/**
 * What guardrails judge. A piece is the smallest thing that can break a rule, whether it comes from a row,
 * a spec, a resource that is about to be registered, or one that an environment takes over.
 */
import type { GuardrailException } from "../../metadata-schema/desired-state.ts";

/** Resources whose settings are judged one by one. */
export type ResourceType =
  | "key vault"
  | "storage account"
  | "SQL server"
  | "SQL encryption"
  | "workspace"
  | "factory"
  | "subnet";
/** null: not set */
export type Setting = string | number | boolean | null;

/** What has to be made beside a resource. */
export type Companion =
  | "diagnostic setting"
  | "auditing policy"
  | "soft delete"
  | "legacy access off"
  | "personal tokens off";

/** A cluster, or what a policy or a pool says of clusters; null: it says nothing of that. */
export interface ClusterPiece {
  readonly kind: "cluster";
  /** names it for a person */
  readonly name: string;
  readonly purpose: "job" | "interactive";
  readonly hasPolicy: boolean | null;
  readonly nodeType: string | null;
  readonly runtime: string | null;
  readonly maxWorkers: Setting;
  readonly idleMinutes: Setting;
  readonly accessModes: readonly string[] | null;
  readonly diskEncrypted: Setting;
  /** Databricks' word, e.g. `SPOT_WITH_FALLBACK_AZURE` */
  readonly availability: string | null;
  /** where scripts come from that run at start */
  readonly initScripts: readonly string[];
}

export type Piece =
  /** one permission of one row, with the row's role */
  | { readonly kind: "permission"; readonly role: string; readonly permission: string }
  /** all that the rows of one job ask for, for one principal */
  | {
      readonly kind: "duties";
      readonly production: boolean;
      readonly principal: string;
      readonly permissions: readonly string[];
    }
  | {
      readonly kind: "role-assignment";
      /** ARM id */
      readonly scope: string;
      /** GUID of the Azure role */
      readonly roleId: string;
      readonly principalType: string;
    }
  | { readonly kind: "role-definition"; readonly name: string; readonly actions: readonly string[] }
  | {
      readonly kind: "unity-grant";
      readonly securable: string;
      readonly name: string;
      readonly privileges: readonly string[];
    }
  | {
      readonly kind: "object-permission";
      readonly object: string;
      readonly principal: "group" | "service principal" | "user";
      readonly level: string;
    }
  /** who may sign in to a workspace, and as what */
  | { readonly kind: "membership"; readonly name: string; readonly permissions: readonly string[] }
  | {
      readonly kind: "firewall-range";
      /** IPv4 address or CIDR, as somebody wrote it */
      readonly range: string;
      /** true: a firewall that takes public addresses only */
      readonly publicOnly: boolean;
    }
  | {
      readonly kind: "private-endpoint";
      readonly name: string;
      /** sub-resource of the target */
      readonly groupId: string;
      /** name of the zone that it gets an address in; null: none */
      readonly zone: string | null;
    }
  /** what a network security group lets in; what it refuses and what it lets out are none */
  | { readonly kind: "inbound-rule"; readonly name: string; readonly sources: readonly string[] }
  /** what a row of Network_Rules opens: a service, and how many endpoints the job has for it */
  | { readonly kind: "service-access"; readonly service: string; readonly endpoints: number }
  | {
      readonly kind: "resource";
      readonly type: ResourceType;
      readonly name: string;
      readonly settings: Readonly<Record<string, Setting>>;
    }
  | {
      readonly kind: "companions";
      readonly type: ResourceType | "workspace's inside";
      readonly name: string;
      readonly has: readonly Companion[];
    }
  /** a kind of resource, by Pulumi's token */
  | { readonly kind: "resource-type"; readonly type: string }
  /** an input that would hold a secret, by its path */
  | { readonly kind: "secret-input"; readonly where: string }
  | { readonly kind: "text"; readonly where: string; readonly text: string }
  | { readonly kind: "output"; readonly name: string; readonly secret: boolean }
  | ClusterPiece
  | {
      readonly kind: "linked-service";
      readonly name: string;
      readonly type: string;
      readonly hasRuntime: boolean;
      readonly encrypt: Setting;
      readonly trustsAnyCertificate: boolean;
    }
  /** a step of a pipeline that calls an address */
  | {
      readonly kind: "web-activity";
      readonly name: string;
      readonly url: string;
      /** of this service; null: it is not to be called */
      readonly serviceUrl: string | null;
      readonly hidesInput: boolean;
      readonly hidesOutput: boolean;
    }
  | {
      readonly kind: "data-source";
      readonly name: string;
      readonly type: string;
      readonly host: string | null;
    }
  | {
      readonly kind: "environment";
      readonly name: string;
      readonly production: boolean;
      readonly deletionProtection: boolean;
    }
  /** a thing that a row names, and whether the row's environment has it */
  | {
      readonly kind: "reference";
      readonly what: "key vault" | "integration runtime" | "model";
      readonly name: string;
      readonly environment: string;
      readonly isOwn: boolean;
      /** what to name instead; null: nothing can be told */
      readonly instead: string | null;
    }
  | { readonly kind: "tags"; readonly name: string; readonly tags: readonly string[] };

/** That a piece breaks a guardrail. */
export interface Verdict {
  /** id of the guardrail */
  readonly guardrail: string;
  /** one CamelCase word, for conditions */
  readonly reason: string;
  /** the value at fault, as an exception has to name it; null: nothing can set this verdict aside */
  readonly subject: string | null;
  /** the fault, naming the thing */
  readonly message: string;
  /** what to do instead */
  readonly fix: string;
}

/** Invariants of the zero-trust catalogue. */
export type Invariant = `I${number}`;

export interface About {
  /** kebab-case */
  readonly id: string;
  readonly invariant: Invariant;
  readonly title: string;
  /** one CamelCase word, for conditions */
  readonly reason: string;
  /** ids of the published rules behind it; empty where the rule is ours alone */
  readonly reference: string;
  /** what to do instead, for the page of guardrails */
  readonly fix: string;
}

/** A rule that nobody's row may break. Pure: the same piece always gets the same verdict. */
export interface Guardrail extends About {
  /** true: a row of Guardrail_Exceptions can set it aside, for one value and a time */
  readonly exceptable: boolean;
  /** null: the piece doesn't break this rule, or is of a kind that it says nothing about */
  judge(piece: Piece): Verdict | null;
}

export interface Fault {
  readonly message: string;
  /** left out: as the guardrail says */
  readonly fix?: string;
}

/** Makes a guardrail that nothing sets aside. */
export function guardrail(about: About, judge: (piece: Piece) => Fault | null): Guardrail {
  const { id, reason, fix } = about;
  return {
    ...about,
    exceptable: false,
    judge: (piece) => {
      const fault = judge(piece);
      return fault === null ? null : { guardrail: id, reason, subject: null, fix, ...fault };
    },
  };
}

/** Makes a guardrail that an exception can set aside for one value. */
export function exceptableGuardrail(
  about: About,
  judge: (piece: Piece) => (Fault & { readonly subject: string }) | null,
): Guardrail {
  const { id, reason, fix } = about;
  return {
    ...about,
    exceptable: true,
    judge: (piece) => {
      const fault = judge(piece);
      if (fault === null) return null;
      const instead = fault.fix ?? fix;
      const exception = `An exception names guardrail "${id}" and subject "${fault.subject}".`;
      return { guardrail: id, reason, ...fault, fix: `${instead} ${exception}` };
    },
  };
}

/** Whether an exception names exactly what a verdict is about. */
export const isSetAside = (verdict: Verdict, { guardrail: id, subject }: GuardrailException): boolean =>
  verdict.subject !== null && verdict.guardrail === id && verdict.subject === subject;
