/**
 * Who is in which group, groups in groups included. Everybody's membership counts at once, but a managed
 * identity's: Azure keeps the groups in its token for a day, so that a new one counts late, and here after
 * `managedIdentityGroupDelaySeconds`, scaled by `timeFactor`. That holds for every group on the way up.
 */
import { armError } from "../cloud-error.ts";
import { type Body, isBody, type Json, textAt, textsAt } from "../json.ts";
import { readSettings } from "../settings.ts";
import type { CloudObject, Store } from "../store.ts";
import { groupToken, principalOf } from "./directory.ts";

/** When each member came; one that is not listed was there from the start. */
export const memberSince = "memberSince";

export const objectIdOf = (principal: CloudObject): string => principal.id.split("/").at(-1) ?? "";

/** A group's body with these members: newcomers are dated now, the others keep their date. */
export function withMembers(before: Body | undefined, body: Body): Body {
  const held = textsAt(before, "members");
  const dated = isBody(before?.[memberSince]) ? before[memberSince] : {};
  const now = new Date().toISOString();
  const since: [string, Json][] = textsAt(body, "members").flatMap((id): [string, Json][] =>
    held.includes(id) ? (dated[id] === undefined ? [] : [[id, dated[id]]]) : [[id, now]],
  );
  return { ...body, [memberSince]: Object.fromEntries(since) };
}

/** Groups that hold the principal, and the groups that hold those. */
export function groupsOf(store: Store, principal: CloudObject): CloudObject[] {
  const { managedIdentityGroupDelaySeconds: delay, timeFactor } = readSettings(store);
  const isLate = textAt(principal.body, "servicePrincipalType") === "ManagedIdentity";
  const latest = Date.now() - (isLate ? delay * timeFactor * 1000 : 0);
  const all = store.ofType(groupToken);
  const found = new Set<CloudObject>();
  for (let frontier = [principal]; frontier.length > 0; ) {
    const ids = frontier.map(objectIdOf);
    frontier = all.filter((group) => !found.has(group) && ids.some((id) => holds(group, id, latest)));
    for (const group of frontier) found.add(group);
  }
  return [...found];
}

function holds(group: CloudObject, memberId: string, latest: number): boolean {
  if (!textsAt(group.body, "members").includes(memberId)) return false;
  const dates = group.body[memberSince];
  const since = isBody(dates) ? dates[memberId] : undefined;
  return typeof since !== "string" || Date.parse(since) <= latest;
}

/** Everybody in a group, and in the groups in it. */
export function transitiveMembers(store: Store, group: CloudObject): CloudObject[] {
  const found = new Map<string, CloudObject>();
  for (let frontier = [group]; frontier.length > 0; ) {
    const members = frontier
      .flatMap((each) => textsAt(each.body, "members"))
      .filter((id) => !found.has(id) && id !== objectIdOf(group))
      .map((id) => principalOf(store, id))
      .filter((member) => member !== undefined);
    for (const member of members) found.set(objectIdOf(member), member);
    frontier = members.filter((member) => member.type === groupToken);
  }
  return [...found.values()];
}

export const isDynamic = (group: Body): boolean => textsAt(group, "types").includes("DynamicMembership");

/** Adds a member as Graph does: once, to a group whose members are not computed. */
export function addMember(store: Store, group: CloudObject, memberId: string): void {
  refuseDynamic(group);
  if (!principalOf(store, memberId)) throw notFound(memberId);
  const members = textsAt(group.body, "members");
  if (members.includes(memberId)) {
    throw armError(
      400,
      "Request_BadRequest",
      "One or more added object references already exist for the following modified properties: 'members'.",
    );
  }
  store.put({ ...group, body: withMembers(group.body, { ...group.body, members: [...members, memberId] }) });
}

export function removeMember(store: Store, group: CloudObject, memberId: string): void {
  refuseDynamic(group);
  const members = textsAt(group.body, "members");
  if (!members.includes(memberId)) throw notFound(memberId);
  const kept = members.filter((id) => id !== memberId);
  store.put({ ...group, body: withMembers(group.body, { ...group.body, members: kept }) });
}

function refuseDynamic(group: CloudObject): void {
  if (!isDynamic(group.body)) return;
  throw armError(
    400,
    "Request_BadRequest",
    `Insufficient privileges to complete the operation: the members of group ${group.name} follow from its membership rule.`,
  );
}

export const notFound = (id: string): Error =>
  armError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
