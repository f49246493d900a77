/** Unity Catalog over REST: securables by full name, versions of models, and who holds what. */
import { plainError } from "../cloud-error.ts";
import {
  getSecurable,
  grantToken,
  requireSecurable,
  type SecurableKind,
  securableKinds,
  securables,
} from "../databricks/metastore.ts";
import { modelVersions } from "../databricks/model-version.ts";
import { type Body, textAt, textsAt } from "../json.ts";
import type { CloudObject } from "../store.ts";
import { apiPath, type WorkspaceCall, workspaceRoute } from "./databricks-route.ts";
import type { Route } from "./route.ts";

const one = (folder: string, kind: SecurableKind): Route =>
  workspaceRoute(apiPath(`2\\.1/unity-catalog/${folder}/([^/]+)`), ({ context, params }) =>
    showSecurable(kind, requireSecurable(context, kind, params[0] ?? "")),
  );

export const catalogRoutes: readonly Route[] = [
  one("catalogs", "catalog"),
  one("schemas", "schema"),
  one("tables", "table"),
  one("models", "model"),
  one("external-locations", "externalLocation"),
  one("storage-credentials", "storageCredential"),
  workspaceRoute(apiPath("2\\.1/unity-catalog/models/([^/]+)/versions"), ({ context, params }) => {
    const model = requireSecurable(context, "model", params[0] ?? "");
    return {
      model_versions: modelVersions(context.store, model.name).map(({ body, createdAt }) => ({
        ...namesOf("model", model.name, "model_name"),
        version: Number(body.version),
        status: textAt(body, "status"),
        created_at: Date.parse(createdAt),
      })),
    };
  }),
  workspaceRoute(apiPath("2\\.1/unity-catalog/permissions/([^/]+)/([^/]+)"), (call) => ({
    privilege_assignments: assignments(call),
  })),
];

/** `ml.models.job_201` as the API takes it apart. */
function namesOf(kind: SecurableKind, fullName: string, own = "name"): Body {
  const parts = fullName.split(".");
  const name = parts.at(-1) ?? fullName;
  if (parts.length === 1) return { [own]: name };
  const [catalog = "", schema = ""] = parts;
  return { catalog_name: catalog, ...(kind === "schema" ? {} : { schema_name: schema }), [own]: name };
}

function showSecurable(kind: SecurableKind, object: CloudObject): Body {
  const owner = textAt(object.body, "owner");
  const url = textAt(object.body, "url");
  return {
    ...namesOf(kind, object.name),
    full_name: object.name,
    ...(owner ? { owner } : {}),
    ...(url ? { url, credential_name: textAt(object.body, "credentialName") } : {}),
    created_at: Date.parse(object.createdAt),
    updated_at: Date.parse(object.changedAt),
  };
}

/** Models are functions to this API, so a function's name may be a model's. */
function assignments({ context, params: [asked = "", name = ""] }: WorkspaceCall): Body[] {
  const kinds = securableKinds.filter((each) => securables[each].restType === asked.toLowerCase());
  if (kinds.length === 0) {
    throw plainError(400, "INVALID_PARAMETER_VALUE", `SECURABLETYPE ${asked} is not a valid securable type.`);
  }
  const kind = kinds.find((each) => getSecurable(context.store, each, name)) ?? kinds[0];
  if (!kind) return [];
  requireSecurable(context, kind, name);
  return context.store
    .ofType(grantToken)
    .filter(({ body }) => textAt(body, kind).toLowerCase() === name.toLowerCase())
    .map(({ body }) => ({ principal: textAt(body, "principal"), privileges: textsAt(body, "privileges") }));
}
