import { guardrail } from "./pieces.ts";

const onCatalogs: readonly string[] = ["USE_CATALOG", "BROWSE"];
/** CATALOGUE B1: each lets its holder give access away, or reach past the catalogue. */
const banned: readonly string[] = [
  "ALL_PRIVILEGES",
  "MANAGE",
  "CREATE_CATALOG",
  "CREATE_EXTERNAL_LOCATION",
  "CREATE_STORAGE_CREDENTIAL",
  "CREATE_SHARE",
  "SET_SHARE_PERMISSION",
  "EXTERNAL_USE_SCHEMA",
];
const plain = (privilege: string): string => privilege.toUpperCase().replaceAll(" ", "_");

export const unityPrivileges = guardrail(
  {
    id: "unity-privileges",
    invariant: "I14",
    title: "Nothing is granted on a whole catalog but to enter and browse it, and nobody may grant on",
    reason: "PrivilegeTooWide",
    reference: "Unity Catalog privileges",
    fix: "Grant on the schema or the model that is meant.",
  },
  (piece) => {
    if (piece.kind !== "unity-grant") return null;
    const isOpen = (privilege: string): boolean =>
      piece.securable === "catalog"
        ? onCatalogs.includes(plain(privilege))
        : /^[A-Z_]+$/.test(plain(privilege)) && !banned.includes(plain(privilege));
    const refused = piece.privileges.filter((privilege) => !isOpen(privilege));
    if (refused.length === 0) return null;
    return { message: `${refused.join(", ")} on ${piece.securable} ${piece.name} may not be granted.` };
  },
);
