/** The words of effective access, which all clouds share. */

/** One thing that somebody can do on one object. */
export interface AccessAtom {
  /** a plain word, or `azure:` with an action as role definitions write it */
  readonly action: string;
  /** `job:123`, `model:ml.models.job_201`; an ARM id for what is Azure's */
  readonly object: string;
  /** the object on which it is held: `object` itself, or what that lies in */
  readonly at: string;
  /** name of the group that it comes through; null: held in person */
  readonly through: string | null;
}

/** Somebody, or a group that they are in. */
export interface Holder {
  readonly objectId: string;
  /** as Databricks names it: a group's display name, a user's name, a service principal's application id */
  readonly name: string;
  /** property of an access list's entry that holds that name */
  readonly field: "groupName" | "userName" | "servicePrincipalName";
  readonly through: string | null;
}
