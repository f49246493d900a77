/**
 * Version of what this program builds from an equal spec. It is part of every stack's hash.
 *
 * Raise it when an equal spec leads to other resources, inputs or outputs than before: then every stack
 * becomes due once. Leave it when only comments, names in code or tests change: raising it for nothing
 * runs every stack for nothing. Versions of the Pulumi packages are counted on their own.
 */
export const programVersion = "2";
