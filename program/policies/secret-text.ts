import { guardrail } from "./pieces.ts";

const shapes: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a Databricks token", pattern: /dapi[0-9a-f]{32}/i },
  { what: "a signed token (JWT)", pattern: /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/ },
  { what: "a shared access signature", pattern: /[?&;]sig=[\w%+/=-]{16,}/i },
  { what: "a key in a connection string", pattern: /(?:Account|SharedAccess|Access)Key\s*=\s*[^\s;]{8,}/i },
  { what: "a password in a connection string", pattern: /(?:^|[;\s?&])(?:password|pwd)\s*=\s*[^\s;]+/i },
  { what: "a password in an address", pattern: /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s@]+@/i },
  { what: "a private key", pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { what: "a client secret of Entra ID", pattern: /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])/ },
];

/** The text itself is never in the verdict. */
export const secretText = guardrail(
  {
    id: "secret-text",
    invariant: "I11",
    title: "No text of a row is a secret",
    reason: "SecretInText",
    reference: "IM-8, Azure.Deployment.OutputSecretValue",
    fix: "Put it into the environment's key vault, name it in Secret_References, and revoke this one: it has been seen.",
  },
  (piece) => {
    if (piece.kind !== "text") return null;
    const shape = shapes.find(({ pattern }) => pattern.test(piece.text));
    return shape === undefined ? null : { message: `${piece.where} looks like ${shape.what}.` };
  },
);
