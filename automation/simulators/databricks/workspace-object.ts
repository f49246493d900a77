/** What the types of objects of one workspace share: an id that the workspace makes up, and an access list. */
import { plainError } from "../cloud-error.ts";
import { type Body, textAt } from "../json.ts";
import {
  type CallContext,
  type InputFault,
  type Made,
  type ResourceType,
  typeDefaults,
} from "../resource-type.ts";
import type { CloudObject } from "../store.ts";
import { dropPermissions } from "./permissions-store.ts";
import { getInWorkspace, hostOf, inWorkspace, putInWorkspace } from "./workspace-type.ts";

/** One create or update. */
export interface ObjectCall {
  readonly ctx: CallContext;
  readonly host: string;
  readonly id: string;
  readonly inputs: Body;
  /** the object as it is before an update; undefined on create */
  readonly before: CloudObject | undefined;
}

export interface WorkspaceObjectSpec {
  readonly token: string;
  /** where it lies in the workspace; its access list is at `/<folder>/<id>` */
  readonly folder: string;
  /** as Databricks says it in its errors */
  readonly title: string;
  readonly required: readonly string[];
  readonly replaceOn?: readonly string[];
  readonly computed?: readonly string[];
  readonly outputsOnly?: readonly string[];
  /** property that holds the name */
  readonly nameProperty?: string;
  /** names are unique in a workspace: what the service answers to a second one */
  taken(name: string): string;
  newId(inputs: Body): string;
  check?(inputs: Body): InputFault[];
  /** computed properties; throws what the service would answer */
  build(call: ObjectCall): Body;
  same?: ResourceType["same"];
}

export function workspaceObject(spec: WorkspaceObjectSpec): ResourceType {
  const nameProperty = spec.nameProperty ?? "name";
  const put = (call: ObjectCall): Made => {
    const { ctx, host, id, inputs } = call;
    const name = textAt(inputs, nameProperty);
    refuseTwin(spec, call, name);
    const body: Body = { ...inputs, ...spec.build(call) };
    putInWorkspace(ctx, host, { type: spec.token, folder: spec.folder, id, name, body });
    return { id, body };
  };
  return {
    ...typeDefaults,
    token: spec.token,
    cloud: "databricks",
    required: spec.required,
    replaceOn: spec.replaceOn ?? [],
    computed: spec.computed ?? [],
    outputsOnly: spec.outputsOnly ?? [],
    autoname: nameProperty === "name" ? databricksName : null,
    // a name that was chosen can't be held twice
    deleteBeforeReplace: true,
    check: (inputs) => spec.check?.(inputs) ?? [],
    same: spec.same ?? typeDefaults.same,
    create: (ctx, inputs) =>
      put({ ctx, host: hostOf(ctx), id: spec.newId(inputs), inputs, before: undefined }),
    read: (ctx, id) => {
      const found = getInWorkspace(ctx, spec.folder, id);
      return found && { id, body: found.body };
    },
    update: (ctx, { id, inputs }) => {
      const before = getInWorkspace(ctx, spec.folder, id);
      if (!before) throw doesNotExist(`${spec.title} ${id}`);
      return put({ ctx, host: hostOf(ctx), id, inputs, before }).body;
    },
    delete: (ctx, id) => {
      const host = hostOf(ctx);
      ctx.store.remove("databricks", inWorkspace(host, spec.folder, id));
      dropPermissions(ctx, host, `/${spec.folder}/${id}`);
    },
  };
}

export const doesNotExist = (what: string): Error =>
  plainError(404, "RESOURCE_DOES_NOT_EXIST", `${what} does not exist.`);

/** How the provider names what a program leaves unnamed. */
export const databricksName = {
  property: "name",
  make: (name: string, seed: Uint8Array): string =>
    `${name}-${Buffer.from(seed).toString("hex").slice(0, 7).padEnd(7, "0")}`,
};

function refuseTwin({ token, taken }: WorkspaceObjectSpec, call: ObjectCall, name: string): void {
  const own = call.before?.id.toLowerCase();
  const twin = call.ctx.store
    .ofType(token, name)
    .find((other) => other.scope === call.host && other.id.toLowerCase() !== own);
  if (twin) throw plainError(400, "RESOURCE_ALREADY_EXISTS", taken(name));
}
