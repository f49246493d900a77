/** Texts, and inputs that are made to hold secrets, anywhere in a value. */
import type { Piece } from "./pieces.ts";
import { at, isLater } from "./read-props.ts";

/**
 * Names that SDKs give to inputs for secret values, and ends of such names. Of linked services they are all that
 * azure-native declares as SecureString, which it takes as plain text too; a test compares.
 */
const secretNames = new RegExp(
  `(?:${[
    ...["password", "passPhrase", "pwd", "clientSecret", "consumerSecret", "tokenSecret", "secretValue"],
    ...["accountKey", "accessKey", "apiKey", "clientKey", "consumerKey", "functionKey", "secretKey"],
    ...["servicePrincipalKey", "sharedKey", "privateKey", "privateKeyContent", "keyFileContent", "sslKey"],
    ...[
      "accessToken",
      "apiToken",
      "authToken",
      "developerToken",
      "refreshToken",
      "sasToken",
      "securityToken",
    ],
    ...["sessionToken", "userToken", "tokenValue", "credString", "encryptedCredential"],
    ...["servicePrincipalCredential", "servicePrincipalEmbeddedCert", "embeddedCertData", "connectionString"],
  ].join("|")})$`,
  "i",
);
/** Data Factory asks the vault each time: only the secret's name is in it. */
export const isReference = (value: unknown): boolean => at(value, "type") === "AzureKeyVaultSecret";

/** @param where what the value is called, for a person */
export function piecesOfValue(value: unknown, where: string): Piece[] {
  if (typeof value === "string") return [{ kind: "text", where, text: value }];
  if (typeof value !== "object" || value === null || isLater(value)) return [];
  if (Array.isArray(value)) return value.flatMap((item) => piecesOfValue(item, where));
  if (at(value, "type") === "SecureString") return [{ kind: "secret-input", where }];
  return Object.entries(value).flatMap(([name, inner]) => piecesOfValue(inner, `${where}.${name}`));
}

/** As piecesOfValue, and the inputs that are named for a secret. */
export function piecesOfInputs(value: unknown, where: string): Piece[] {
  return [...piecesOfValue(value, where), ...secretInputs(value, where)];
}

function headerSecrets(headers: unknown, path: string): Piece[] {
  if (typeof headers !== "object" || headers === null || isLater(headers))
    return [{ kind: "secret-input", where: path }];
  return Object.entries(headers)
    .filter(([, value]) => !isReference(value))
    .map(([name]) => ({ kind: "secret-input", where: `${path}.${name}` }));
}

function secretInputs(value: unknown, where: string): Piece[] {
  if (typeof value !== "object" || value === null || isLater(value)) return [];
  if (Array.isArray(value)) return value.flatMap((item) => secretInputs(item, where));
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = where === "" ? name : `${where}.${name}`;
    const holds = typeof inner === "string" ? inner !== "" : typeof inner === "object" && inner !== null;
    if (secretNames.test(name) && holds && !isReference(inner))
      return [{ kind: "secret-input", where: path } as const];
    // Headers that sign in: each value is a secret, whatever its name.
    if (name === "authHeaders" && holds) return headerSecrets(inner, path);
    return secretInputs(inner, path);
  });
}
