/** A grant is authoritative for one principal on one securable: it replaces what that principal had there. */
import { plainError } from "../cloud-error.ts";
import { groupsNamed, userNamed } from "../entra/directory.ts";
import { type Body, isUnknown, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import { metastoreScope, requireSecurable, type SecurableKind, securables } from "./metastore.ts";
import { databricksPrincipalToken, hostOf } from "./workspace-type.ts";

export const grantToken = "databricks:index/grant:Grant";

const kinds = Object.keys(securables) as SecurableKind[];
const notSimulated = [
  "credential",
  "externalLocation",
  "foreignConnection",
  "function",
  "metastore",
  "pipeline",
  "recipient",
  "secret",
  "share",
  "storageCredential",
  "table",
  "volume",
];

const storeId = (id: string): string => `${metastoreScope}/grants/${id}`;

export const grant: ResourceType = {
  ...typeDefaults,
  token: grantToken,
  cloud: "databricks",
  inputs: ["principal", "privileges", ...kinds],
  required: ["principal", "privileges"],
  replaceOn: ["principal", ...kinds],
  sets: ["privileges"],
  check: checkGrant,
  create: (ctx, inputs) => put(ctx, inputs),
  read: (ctx, id) => {
    hostOf(ctx);
    const found = ctx.store.get("databricks", storeId(id));
    return found && textsAt(found.body, "privileges").length > 0 ? { id, body: found.body } : undefined;
  },
  update: (ctx, { inputs }) => put(ctx, inputs).body,
  delete: (ctx, id) => {
    hostOf(ctx);
    ctx.store.remove("databricks", storeId(id));
  },
};

const kindOf = (inputs: Body): SecurableKind | undefined => kinds.find((kind) => inputs[kind] !== undefined);

function put(ctx: CallContext, inputs: Body): Made {
  hostOf(ctx);
  const kind = kindOf(inputs) ?? "catalog";
  const name = textAt(inputs, kind);
  const principal = textAt(inputs, "principal");
  requireSecurable(ctx, kind, name);
  requirePrincipal(ctx, principal);
  const id = `${kind}/${name}/${principal}`;
  const body: Body = { principal, [kind]: name, privileges: textsAt(inputs, "privileges") };
  const label = `${principal} on ${kind} ${name}`;
  ctx.store.put({
    cloud: "databricks",
    id: storeId(id),
    type: grantToken,
    name: label,
    scope: metastoreScope,
    body,
  });
  return { id, body };
}

/** Groups by display name, users by name, service principals by application id. */
function requirePrincipal(ctx: CallContext, principal: string): void {
  const registered = ctx.store
    .ofType(databricksPrincipalToken)
    .some((found) => textAt(found.body, "applicationId").toLowerCase() === principal.toLowerCase());
  const groups = groupsNamed(ctx.store, principal).length;
  if (registered || groups === 1 || principal === "account users" || userNamed(ctx.store, principal)) return;
  const fault =
    groups > 1
      ? `Principal name ${principal} is ambiguous: ${groups} groups have it.`
      : `Could not find principal with name ${principal}.`;
  throw plainError(404, "PRINCIPAL_DOES_NOT_EXIST", fault);
}

function checkGrant(inputs: Body): InputFault[] {
  const foreign = notSimulated.find((name) => inputs[name] !== undefined);
  if (foreign) return [{ property: foreign, reason: `grants on a ${foreign} are not simulated` }];
  const named = kinds.filter((kind) => inputs[kind] !== undefined);
  const [kind] = named;
  if (!kind || named.length > 1) {
    return [
      {
        property: "catalog",
        reason: `exactly one of ${kinds.join(", ")} is required; found ${named.length}`,
      },
    ];
  }
  const privileges = textsAt(inputs, "privileges");
  if (privileges.length === 0 && !isUnknown(inputs.privileges)) {
    return [{ property: "privileges", reason: "at least one privilege is required" }];
  }
  const allowed = securables[kind].privileges;
  return privileges
    .filter((privilege) => !isUnknown(privilege) && !allowed.includes(privilege))
    .map((privilege) => ({
      property: "privileges",
      reason: `${privilege} is not a privilege of a ${kind}; allowed: ${[...allowed].sort().join(", ")}`,
    }));
}
