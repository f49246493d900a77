/** Runs a stack's program against mocks: no engine, no cloud. */
import { type CustomResourceOptions, runtime } from "@pulumi/pulumi";
import type { StackSpec } from "../../../metadata-schema/desired-state.ts";
import { stackProgram } from "../../../program/stack-program.ts";

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly replaceOnChanges: readonly string[];
  readonly deleteBeforeReplace: boolean;
  // Inputs as the engine would see them; their shape differs by type.
  readonly inputs: Readonly<Record<string, unknown>>;
}
export interface MockRun {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resources: readonly Registered[];
  /** the only resource of that type; throws if there are none or several */
  only(type: string): Registered;
  /** names of all resources of that type */
  names(type: string): string[];
}

/** What Azure and Databricks would add to a resource once it exists. */
const learned: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "azure-native:databricks:Workspace": {
    workspaceId: "1234567890123456",
    workspaceUrl: "adb-1234567890123456.7.azuredatabricks.net",
  },
  "azure-native:managedidentity:UserAssignedIdentity": { clientId: "client-1", principalId: "principal-1" },
  "azuread:index/group:Group": { objectId: "group-1" },
  "azure-native:network:PrivateEndpoint": {
    privateLinkServiceConnections: [{ privateLinkServiceConnectionState: { status: "Approved" } }],
  },
  "azure-native:network:PrivateDnsZoneGroup": {
    privateDnsZoneConfigs: [{ recordSets: [{ ipAddresses: ["10.20.0.4"] }] }],
  },
};

/**
 * Runs the program of a spec; resources are listed in the order in which they were registered.
 * @param more registers more resources after the program's own
 * @throws what the program throws
 */
export async function mockRun(spec: StackSpec, more: () => void = () => {}): Promise<MockRun> {
  const resources: Registered[] = [];
  const options = new Map<string, CustomResourceOptions>();
  const fault: { thrown?: unknown } = {};
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const { replaceOnChanges = [], deleteBeforeReplace = false } = options.get(`${type} ${name}`) ?? {};
        resources.push({ type, name, inputs, replaceOnChanges, deleteBeforeReplace });
        return {
          id: type.includes(":network:") ? `/mock/${name}` : `${name}-id`,
          state: { ...inputs, ...learned[type] },
        };
      },
      call: ({ inputs }) => inputs,
    },
    "rowgate",
    spec.stack,
  );
  const program = async () => {
    runtime.registerStackTransformation(({ type, name, opts }) => {
      options.set(`${type} ${name}`, opts);
      return undefined;
    });
    try {
      const outputs = await stackProgram(spec)();
      more();
      return outputs;
    } catch (thrown) {
      // A rejected stack would also reject promises of its own that nobody awaits.
      fault.thrown = thrown;
      return {};
    }
  };
  const outputs = (await runtime.runInPulumiStack(program)) as Record<string, unknown>;
  await runtime.disconnect();
  if ("thrown" in fault) throw fault.thrown;
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    outputs,
    resources,
    names: (type) => ofType(type).map(({ name }) => name),
    only: (type) => {
      const [resource, ...others] = ofType(type);
      if (resource === undefined || others.length > 0) {
        throw new Error(`${others.length + (resource ? 1 : 0)} resources of type ${type}`);
      }
      return resource;
    },
  };
}
