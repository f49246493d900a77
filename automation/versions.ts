/** Versions of what builds objects: a change of one of them makes every stack due. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { programVersion } from "../program/version.ts";

const providers = ["@pulumi/azure-native", "@pulumi/azuread", "@pulumi/databricks"] as const;
const packageFile = z.object({ dependencies: z.record(z.string(), z.string()) });

export function builtVersions(checkout: string): Readonly<Record<string, string>> {
  const { dependencies } = packageFile.parse(
    JSON.parse(readFileSync(path.join(checkout, "package.json"), "utf8")),
  );
  return {
    program: programVersion,
    ...Object.fromEntries(providers.map((name) => [name, dependencies[name] ?? "none"])),
  };
}

/** The provider plugins that go with them. */
export const providerPlugins = (
  checkout: string,
): readonly { readonly name: string; readonly version: string }[] => {
  const versions = builtVersions(checkout);
  return providers.map((name) => ({ name: name.replace("@pulumi/", ""), version: versions[name] ?? "none" }));
};
