/** A grant is authoritative for one principal on one securable: it replaces what that principal had there. */
import { plainError } from "../cloud-error.ts";
import { type Body, isUnknown, textAt, textsAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import {
  grantToken,
  metastoreScope,
  requireSecurable,
  type SecurableKind,
  securableKinds,
  securables,
} from "./metastore.ts";
import { requireDatabricksPrincipal } from "./principals.ts";
import { hostOf } from "./workspace-type.ts";

const notSimulated = [
  "credential",
  "foreignConnection",
  "metastore",
  "pipeline",
  "recipient",
  "secret",
  "share",
];

const storeId = (id: string): string => `${metastoreScope}/grants/${id}`;

export const grant: ResourceType = {
  ...typeDefaults,
  token: grantToken,
  cloud: "databricks",
  replaceOn: ["principal", ...securableKinds],
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

/** The service reads `USE CATALOG` as `USE_CATALOG`, and keeps the latter. */
const normal = (privilege: string): string => privilege.toUpperCase().replaceAll(" ", "_");

function put(ctx: CallContext, inputs: Body): Made {
  hostOf(ctx);
  const kind = securableKinds.find((each) => inputs[each] !== undefined) ?? "catalog";
  const name = textAt(inputs, kind);
  const principal = textAt(inputs, "principal");
  requireSecurable(ctx, kind, name);
  requireDatabricksPrincipal(ctx, principal);
  const privileges = [...new Set(textsAt(inputs, "privileges").map(normal))];
  requireFit(kind, name, privileges);
  const id = `${snakeCase(kind)}/${name}/${principal}`;
  const body: Body = { principal, [kind]: name, privileges };
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

/** Ids in the state have the words of the provider below Pulumi's. */
const snakeCase = (word: string): string => word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The provider sends whatever it is given; the service knows what fits. */
function requireFit(kind: SecurableKind, name: string, privileges: readonly string[]): void {
  const { privileges: allowed, entity } = securables[kind];
  const wrong = privileges.find((privilege) => !allowed.includes(privilege));
  if (wrong === undefined) return;
  throw plainError(
    400,
    "INVALID_PARAMETER_VALUE",
    `Privilege ${wrong.replaceAll("_", " ")} is not applicable to this entity [${name}:${entity}]. If this seems unexpected, please check the privilege version of the metastore in use [1.0].`,
  );
}

function checkGrant(inputs: Body): InputFault[] {
  const foreign = notSimulated.find((name) => inputs[name] !== undefined);
  if (foreign) return [{ property: foreign, reason: `grants on a ${foreign} are not simulated` }];
  const named = securableKinds.filter((kind) => inputs[kind] !== undefined);
  if (named.length !== 1) {
    return [
      {
        property: "catalog",
        reason: `exactly one of ${securableKinds.join(", ")} is required; found ${named.length}`,
      },
    ];
  }
  if (textsAt(inputs, "privileges").length === 0 && !isUnknown(inputs.privileges)) {
    return [{ property: "privileges", reason: "at least one privilege is required" }];
  }
  return [];
}
