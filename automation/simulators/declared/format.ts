/** What the checked-in declarations say about resource types; made from the SDKs by `npm run generate`. */
import type { Body } from "../json.ts";

/** Packages whose declarations are kept, one file each. */
export const declaredPackages = ["azure-native", "azuread", "databricks"] as const;
export type DeclaredPackage = (typeof declaredPackages)[number];

export type DeclaredType =
  | "string"
  | "number"
  | "boolean"
  | "any"
  | { readonly const: string | number | boolean }
  /** name of an enum of the package; open: the SDK takes any other text too */
  | { readonly enum: string; readonly open: boolean }
  /** name of an object type of the package */
  | { readonly ref: string }
  | { readonly array: DeclaredType }
  | { readonly map: DeclaredType }
  /** one of several object types: which one, the literal in the property `by` tells (`type: "WebActivity"`) */
  | { readonly by: string; readonly oneOf: Readonly<Record<string, string>> };

export interface DeclaredObject {
  readonly properties: Readonly<Record<string, DeclaredType>>;
  readonly required: readonly string[];
  /** what the SDK fills in when a program leaves it out */
  readonly defaults: Body;
}

export interface DeclaredResource extends DeclaredObject {
  /** azure-native tells which version of Azure's API it speaks; null where nothing is told */
  readonly apiVersion: string | null;
  readonly outputs: readonly string[];
}

export interface Declarations {
  /** version of the SDK that they were read from */
  readonly version: string;
  readonly resources: Readonly<Record<string, DeclaredResource>>;
  readonly types: Readonly<Record<string, DeclaredObject>>;
  readonly enums: Readonly<Record<string, readonly (string | number)[]>>;
}
