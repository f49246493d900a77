/**
 * Unity Catalog grants as atoms. A privilege on a catalog or schema holds for all that lies in it, and is of
 * use only with USE_CATALOG, and below a catalog USE_SCHEMA too; owners need these as well. BROWSE is of use
 * by itself.
 */
import type { AccessAtom, Holder } from "../access-atom.ts";
import { textAt, textsAt } from "../json.ts";
import type { CloudObject, Store } from "../store.ts";
import {
  containersOf,
  grantToken,
  kindOfToken,
  metastoreScope,
  type SecurableKind,
  securableKinds,
  securables,
} from "./metastore.ts";

/** What a principal holds on one securable. */
interface Held {
  readonly privilege: string;
  readonly at: string;
  readonly through: string | null;
}

interface Place {
  readonly kind: SecurableKind;
  readonly name: string;
}

export const securableObject = ({ kind, name }: Place): string =>
  `${kind.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}:${name.toLowerCase()}`;

const own = "OWN";
/** ALL_PRIVILEGES leaves these out (Unity Catalog privileges reference). */
const notInAll = ["ALL_PRIVILEGES", "MANAGE", "EXTERNAL_USE_SCHEMA"];

export function effectiveGrants(store: Store, holders: readonly Holder[]): AccessAtom[] {
  const heldOn = directly(store, holders);
  const everything = securableKinds.flatMap((kind) => store.ofType(securables[kind].token));
  return everything.flatMap((object) => {
    const kind = kindOfToken(object.type);
    if (!kind || object.scope !== metastoreScope) return [];
    const place = { kind, name: object.name };
    const held = [...containersOf(kind, object.name), place].flatMap(
      (each) => heldOn.get(securableObject(each)) ?? [],
    );
    const fitting = held.flatMap((one) => expand(one, kind));
    const usable = isOpen(place, heldOn)
      ? fitting
      : fitting.filter(({ privilege }) => privilege === "BROWSE");
    return usable.map(({ privilege, at, through }) => ({
      action: actionOf(privilege),
      object: securableObject(place),
      at,
      through,
    }));
  });
}

/** `USE_CATALOG` and `USE_SCHEMA` are `use` of what they are about; the rest keep their name. */
const actionOf = (privilege: string): string =>
  /^USE_/.test(privilege) ? "use" : privilege.toLowerCase().replaceAll("_", "-");

/** Grants on, and ownership of, each securable. */
function directly(store: Store, holders: readonly Holder[]): Map<string, Held[]> {
  const byName = new Map(holders.map((holder) => [holder.name.toLowerCase(), holder]));
  const found = new Map<string, Held[]>();
  const add = (place: Place, holder: Holder, privilege: string): void => {
    const at = securableObject(place);
    const one = { privilege, at, through: holder.through };
    found.set(at, [...(found.get(at) ?? []), one]);
  };
  for (const { body } of store.ofType(grantToken)) {
    const holder = byName.get(textAt(body, "principal").toLowerCase());
    const kind = securableKinds.find((each) => body[each] !== undefined);
    if (!holder || !kind) continue;
    for (const privilege of textsAt(body, "privileges")) {
      add({ kind, name: textAt(body, kind) }, holder, privilege);
    }
  }
  for (const object of ownable(store)) {
    const kind = kindOfToken(object.type);
    const holder = byName.get(textAt(object.body, "owner").toLowerCase());
    if (kind && holder) add({ kind, name: object.name }, holder, own);
  }
  return found;
}

const ownable = (store: Store): CloudObject[] =>
  securableKinds.flatMap((kind) => store.ofType(securables[kind].token));

/** What one privilege comes to on a securable of this kind. */
function expand(held: Held, kind: SecurableKind): Held[] {
  const allowed = securables[kind].privileges;
  const most = allowed.filter((privilege) => !notInAll.includes(privilege));
  const of = (privileges: readonly string[]): Held[] =>
    privileges.map((privilege) => ({ ...held, privilege }));
  switch (held.privilege) {
    case "ALL_PRIVILEGES":
      return of([...new Set([...most, ...(held.at.startsWith("catalog:") ? ["BROWSE"] : [])])]);
    case own:
      return of([...(held.at.startsWith(`${kind}:`) ? [own] : []), "MANAGE", ...most]);
    case "BROWSE":
      return of(["BROWSE"]);
    // on a catalog it opens every schema in it, and is told of these
    case "USE_SCHEMA":
      return kind === "schema" ? [held] : [];
    case "USE_CATALOG":
      return kind === "catalog" ? [held] : [];
    default:
      return allowed.includes(held.privilege) ? [held] : [];
  }
}

/** Whether the principal may use all that a securable lies in, and a catalog or schema itself. */
function isOpen(place: Place, heldOn: ReadonlyMap<string, readonly Held[]>): boolean {
  const { kind, name } = place;
  const doors = [...containersOf(kind, name), ...(kind === "catalog" || kind === "schema" ? [place] : [])];
  return doors.every((door) => {
    const needed = door.kind === "catalog" ? "USE_CATALOG" : "USE_SCHEMA";
    const opening = [...containersOf(door.kind, door.name), door].flatMap(
      (each) => heldOn.get(securableObject(each)) ?? [],
    );
    return opening.some(({ privilege }) => [needed, "ALL_PRIVILEGES", own].includes(privilege));
  });
}
