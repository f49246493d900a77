import { forMember, type RowAccess } from "../../access/access-of-rows.ts";
import { ServiceError } from "../../errors.ts";
import { accessAccount } from "../access-account.ts";
import { type AccessBody, accessQuery } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { parse } from "../parse.ts";
import type { Principals } from "../services.ts";

/** `?principal=`: what somebody can do, groups included; without it what groups and identities hold. `?object=`: on what. */
export const getAccess: Handler = async (call, { store, principals }) => {
  const { principal, object } = parse(accessQuery, call.query, "query");
  const held = await accessAccount(store, principals);
  const theirs = principal === undefined ? held : await ofPrincipal(principal, held, principals);
  const wanted = object?.toLowerCase();
  const access = theirs.filter((each) => wanted === undefined || each.object.toLowerCase().includes(wanted));
  const body: AccessBody = {
    access: access.map((each) => ({ ...each, because: [...each.because] })),
  };
  return json(200, body);
};

async function ofPrincipal(
  text: string,
  held: readonly RowAccess[],
  principals: Principals,
): Promise<readonly RowAccess[]> {
  const [who, ...others] = await principals.find(text);
  if (who === undefined)
    throw new ServiceError({
      code: "PrincipalNotFound",
      status: 404,
      message: `Nobody in the directory is named "${text}". Give the display name of a group or identity, a person's sign-in name, or an object id.`,
    });
  if (others.length > 0)
    throw new ServiceError({
      code: "PrincipalNotUnique",
      status: 409,
      message: `${others.length + 1} in the directory are named "${text}". Give the object id of one: ${[who, ...others].map(({ objectId }) => objectId).join(", ")}.`,
    });
  const groups = [...new Set(held.map(({ principal }) => principal))];
  const memberships = await Promise.all(
    groups.map(async (id) => ((await principals.members(id)).includes(who.objectId) ? [id] : [])),
  );
  return forMember(held, { objectId: who.objectId, groups: memberships.flat() });
}
