/** The checked-in declarations, read when they are first asked for: azure-native's are 0.4 MB. */
import { readFileSync } from "node:fs";
import {
  type Declarations,
  type DeclaredPackage,
  type DeclaredResource,
  declaredPackages,
} from "./format.ts";

const loaded = new Map<DeclaredPackage, Declarations>();

export function declarationsOf(sdk: DeclaredPackage): Declarations {
  const known = loaded.get(sdk);
  if (known) return known;
  const text = readFileSync(new URL(`${sdk}.json`, import.meta.url), "utf8");
  // written by declare.ts, whose types fix its shape; the checks make it again and compare
  const read = JSON.parse(text) as Declarations;
  loaded.set(sdk, read);
  return read;
}

export function packageOf(token: string): DeclaredPackage | undefined {
  return declaredPackages.find((sdk) => token.startsWith(`${sdk}:`));
}

export function declarationOf(token: string): DeclaredResource {
  const sdk = packageOf(token);
  const found = sdk && declarationsOf(sdk).resources[token];
  if (found) return found;
  throw new Error(
    `There is no declaration of the resource type ${token}: name it in declared-types.ts and run \`npm run generate\`.`,
  );
}
