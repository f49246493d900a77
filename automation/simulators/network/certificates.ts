/** Certificates for the sandbox's listeners, from an authority that lives as long as the process. */
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import * as x509 from "@peculiar/x509";

export interface CertificateAuthority {
  /** the authority's own certificate, PEM: what a client must trust */
  readonly pem: string;
  /** what a listener presents for a name; made when first asked for */
  contextFor(name: string): Promise<SecureContext>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
// A process lives for days at most; a machine's clock may be set back a little meanwhile.
const valid = () => ({
  notBefore: new Date(Date.now() - dayMs),
  notAfter: new Date(Date.now() + 365 * dayMs),
});

const newKeys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

export async function createAuthority(): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Rowgate sandbox",
    keys,
    ...valid(),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const contexts = new Map<string, Promise<SecureContext>>();
  const issue = (name: string) =>
    issueFor(name, { issuer: certificate.subject, signingKey: keys.privateKey });
  return {
    pem: certificate.toString("pem"),
    contextFor: (name) => {
      const known = contexts.get(name) ?? issue(name);
      contexts.set(name, known);
      return known;
    },
  };
}

async function issueFor(
  name: string,
  authority: { readonly issuer: string; readonly signingKey: webcrypto.CryptoKey },
): Promise<SecureContext> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=Rowgate sandbox service",
    publicKey: keys.publicKey,
    ...authority,
    ...valid(),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
    ],
  });
  const key = x509.PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  return createSecureContext({ cert: certificate.toString("pem"), key });
}
