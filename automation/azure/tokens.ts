/** Bearer tokens of Microsoft Entra ID. The package is loaded when the first one is needed. */
import type { AccessToken, TokenCredential } from "@azure/identity";
import type { TokenOf } from "./cloud-access.ts";
import type { SignIn } from "./sign-in.ts";

type Identity = typeof import("@azure/identity");

// Some credentials ask anew each time, by a process or over the network. Tokens live for an hour or more.
const renewBeforeMs = 5 * 60_000;

/** As the person who is signed in on this machine, or whatever identity it has. */
export const personTokens = (): TokenOf =>
  tokensOf(({ DefaultAzureCredential }) => new DefaultAzureCredential());

/** As the service: the identity that its engine has, too. */
export const serviceTokens = (signIn: SignIn): TokenOf =>
  tokensOf((identity) => credentialOf(identity, signIn));

export function tokensOf(create: (identity: Identity) => TokenCredential): TokenOf {
  let credential: Promise<TokenCredential> | undefined;
  const kept = new Map<string, Promise<AccessToken>>();
  const ask = async (resource: string): Promise<AccessToken> => {
    credential ??= import("@azure/identity").then(create);
    const token = await (await credential).getToken(`${resource}/.default`);
    if (token === null) throw new Error(`Microsoft Entra ID gave no token for ${resource}.`);
    return token;
  };
  return async (resource) => {
    const pending = kept.get(resource);
    if (pending !== undefined) {
      const known = await pending;
      if (known.expiresOnTimestamp - renewBeforeMs > Date.now()) return known.token;
    }
    const newer = kept.get(resource);
    // Somebody else who waited for the same old one may have asked already.
    if (newer !== undefined && newer !== pending) return (await newer).token;
    const asked = ask(resource);
    kept.set(resource, asked);
    asked.catch(() => {
      if (kept.get(resource) === asked) kept.delete(resource);
    });
    return (await asked).token;
  };
}

function credentialOf(identity: Identity, { method, clientId, tenantId, secret }: SignIn): TokenCredential {
  const proof = secret();
  const [tenant, client] = [tenantId ?? "", clientId ?? ""];
  if (proof?.kind === "secret") return new identity.ClientSecretCredential(tenant, client, proof.value);
  if (proof?.kind === "certificate")
    return new identity.ClientCertificateCredential(tenant, client, {
      certificatePath: proof.path,
      ...(proof.password === null ? {} : { certificatePassword: proof.password }),
    });
  if (proof?.kind === "token-file")
    return new identity.WorkloadIdentityCredential({
      tenantId: tenant,
      clientId: client,
      tokenFilePath: proof.path,
    });
  if (method === "managed identity")
    return clientId === null
      ? new identity.ManagedIdentityCredential()
      : new identity.ManagedIdentityCredential({ clientId });
  return new identity.AzureCliCredential(tenantId === null ? {} : { tenantId });
}
