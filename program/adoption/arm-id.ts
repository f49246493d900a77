import { type IdRule, textOf } from "./rules.ts";

/** `{name}` is an input; the subscription is the provider's. */
export const arm = (path: string): IdRule => ({
  kind: "id",
  id: (inputs, provider) => {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const values = names.map((name) => [name, textOf(name === "subscriptionId" ? provider : inputs, name)]);
    if (values.some(([, value]) => value === null)) return null;
    const known = Object.fromEntries(values);
    return path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => known[name]);
  },
});

export const groupPath = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}";
export const inGroup = (path: string): IdRule => arm(`${groupPath}/providers/${path}`);
