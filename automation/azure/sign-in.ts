/**
 * Who the service is on Azure. It signs in itself, and so do the three providers of its engine: all of them as one
 * identity and by one method, read here from one set of variables. Providers read `ARM_…`, Azure's own libraries
 * `AZURE_…`; either is enough, and both must agree.
 */

export const signInMethods = [
  "client certificate",
  "client secret",
  "workload identity",
  "managed identity",
  "Azure CLI",
] as const;
export type SignInMethod = (typeof signInMethods)[number];

export interface SignIn {
  readonly method: SignInMethod;
  /** null: the signed-in person's, or the machine's own identity */
  readonly clientId: string | null;
  readonly tenantId: string | null;
  /**
   * Environment of engine processes, an allow-list: may hold a secret, so it goes nowhere else. A function, so that
   * printing the configuration never prints it.
   */
  engineEnvironment(): Readonly<Record<string, string>>;
  /** what the program itself reads while it runs; holds no secret */
  readonly switches: Readonly<Record<string, string>>;
  /** null: the method needs none */
  secret(): SignInSecret | null;
}

/** What proves the identity; never logged. */
export type SignInSecret =
  | { readonly kind: "secret"; readonly value: string }
  | { readonly kind: "certificate"; readonly path: string; readonly password: string | null }
  | { readonly kind: "token-file"; readonly path: string };

export type ReadSignIn =
  | { readonly status: "read"; readonly signIn: SignIn }
  | { readonly status: "faulty"; readonly faults: readonly string[] };

/** The same fact under the names of both families. */
const twins = {
  ARM_CLIENT_ID: "AZURE_CLIENT_ID",
  ARM_TENANT_ID: "AZURE_TENANT_ID",
  ARM_CLIENT_SECRET: "AZURE_CLIENT_SECRET",
  ARM_CLIENT_CERTIFICATE_PATH: "AZURE_CLIENT_CERTIFICATE_PATH",
  ARM_CLIENT_CERTIFICATE_PASSWORD: "AZURE_CLIENT_CERTIFICATE_PASSWORD",
  ARM_OIDC_TOKEN_FILE_PATH: "AZURE_FEDERATED_TOKEN_FILE",
} as const;
type Fact = keyof typeof twins;

/**
 * Handed on as they are. Left out on purpose: ARM_SUBSCRIPTION_ID, DATABRICKS_HOST, DATABRICKS_TOKEN and profiles,
 * which say where to work; rows say that.
 */
const handedOn = [
  // where a managed identity's tokens come from on App Service, Container Apps and Arc
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "IDENTITY_SERVER_THUMBPRINT",
  "IMDS_ENDPOINT",
  "MSI_ENDPOINT",
  "MSI_SECRET",
  "AZURE_AUTHORITY_HOST",
  "AZURE_CONFIG_DIR",
  // Databricks takes no workload identity of Entra ID's, but the same token by a federation policy of its own
  "DATABRICKS_AUTH_TYPE",
  "DATABRICKS_CLIENT_ID",
  "DATABRICKS_OIDC_TOKEN_FILEPATH",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
] as const;

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const publicCloud = /^(public|global)?$/i;
const isOn = (value: string | undefined): boolean => /^(1|true)$/i.test(value ?? "");

/** @param variables of the process */
export function readSignIn(variables: Readonly<Record<string, string | undefined>>): ReadSignIn {
  const faults: string[] = [];
  const facts = readFacts(variables, faults);
  const method = methodOf(facts, variables);
  if (!publicCloud.test(variables.ARM_ENVIRONMENT ?? ""))
    faults.push("ARM_ENVIRONMENT: only Azure's public cloud is supported; unset it");
  for (const fact of ["ARM_CLIENT_ID", "ARM_TENANT_ID"] as const) {
    const value = facts[fact];
    if (value !== undefined && !guid.test(value)) faults.push(`${fact}: is no GUID`);
    if (value === undefined && needsApplication.has(method))
      faults.push(`${fact}: is not set, and signing in by ${method} needs it`);
  }
  if (faults.length > 0) return { status: "faulty", faults };
  const switches: Record<string, string> = {
    // The azuread package writes `false` into its provider where the program's own process doesn't say this.
    ARM_USE_MSI: String(method === "managed identity"),
  };
  return {
    status: "read",
    signIn: {
      method,
      clientId: facts.ARM_CLIENT_ID ?? null,
      tenantId: facts.ARM_TENANT_ID ?? null,
      switches,
      secret: () => secretOf(method, facts),
      engineEnvironment: () => ({
        ...Object.fromEntries(
          handedOn.flatMap((name) => (variables[name] ? [[name, variables[name]] as const] : [])),
        ),
        ...factsFor(method, facts),
        ...switches,
        ARM_USE_OIDC: String(method === "workload identity"),
      }),
    },
  };
}

type Facts = { readonly [Name in Fact]?: string };

function readFacts(variables: Readonly<Record<string, string | undefined>>, faults: string[]): Facts {
  const found = Object.entries(twins).flatMap(([arm, azure]) => {
    const [first, second] = [variables[arm] || undefined, variables[azure] || undefined];
    if (first !== undefined && second !== undefined && first !== second)
      faults.push(`${arm} and ${azure} differ: the service and its engine would be two; set one of them`);
    const value = first ?? second;
    return value === undefined ? [] : [[arm, value] as const];
  });
  return Object.fromEntries(found);
}

/** In the order of Pulumi's azure-native provider, so that nobody is surprised. */
function methodOf(facts: Facts, variables: Readonly<Record<string, string | undefined>>): SignInMethod {
  if (facts.ARM_CLIENT_CERTIFICATE_PATH) return "client certificate";
  if (facts.ARM_CLIENT_SECRET) return "client secret";
  if (facts.ARM_OIDC_TOKEN_FILE_PATH) return "workload identity";
  if (isOn(variables.ARM_USE_MSI) || variables.IDENTITY_ENDPOINT) return "managed identity";
  return "Azure CLI";
}

const needsApplication: ReadonlySet<SignInMethod> = new Set([
  "client certificate",
  "client secret",
  "workload identity",
]);

const proofs = {
  "client certificate": ["ARM_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PASSWORD"],
  "client secret": ["ARM_CLIENT_SECRET"],
  "workload identity": ["ARM_OIDC_TOKEN_FILE_PATH"],
  "managed identity": [],
  "Azure CLI": [],
} as const satisfies Record<SignInMethod, readonly Fact[]>;

/** What this method uses and nothing of another: each provider has an order of its own. */
function factsFor(method: SignInMethod, facts: Facts): Readonly<Record<string, string>> {
  // A person who is signed in has no application id; a provider that is given one looks for its secret.
  const who: readonly Fact[] =
    method === "Azure CLI" ? ["ARM_TENANT_ID"] : ["ARM_CLIENT_ID", "ARM_TENANT_ID"];
  return Object.fromEntries(
    [...who, ...proofs[method]].flatMap((name) => {
      const value = facts[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function secretOf(method: SignInMethod, facts: Facts): SignInSecret | null {
  switch (method) {
    case "client certificate":
      return {
        kind: "certificate",
        path: facts.ARM_CLIENT_CERTIFICATE_PATH ?? "",
        password: facts.ARM_CLIENT_CERTIFICATE_PASSWORD ?? null,
      };
    case "client secret":
      return { kind: "secret", value: facts.ARM_CLIENT_SECRET ?? "" };
    case "workload identity":
      return { kind: "token-file", path: facts.ARM_OIDC_TOKEN_FILE_PATH ?? "" };
    case "managed identity":
    case "Azure CLI":
      return null;
    default:
      return method satisfies never;
  }
}
