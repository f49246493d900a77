/** Runs a stack's program against mocks: no engine, no cloud. */
import {
  type CustomResourceOptions,
  type Resource,
  type ResourceTransformation,
  runtime,
} from "@pulumi/pulumi";
import type { StackSpec } from "../../../metadata-schema/desired-state.ts";
import { stackProgram } from "../../../program/stack-program.ts";

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly replaceOnChanges: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly ignoreChanges: readonly string[];
  readonly retainOnDelete: boolean;
  readonly protect: boolean;
  /** it was there before, and is only read */
  readonly read: boolean;
  /** name of the provider */
  readonly provider: string;
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
  "azure-native:databricks:AccessConnector": { identity: { principalId: "connector-principal" } },
  "azure-native:monitor:DataCollectionEndpoint": {
    logsIngestion: { endpoint: "https://dce-eastus-x1.eastus-1.ingest.monitor.azure.com" },
  },
  "azure-native:monitor:DataCollectionRule": { immutableId: "dcr-00112233445566778899aabbccddeeff" },
  "azure-native:managedidentity:UserAssignedIdentity": { clientId: "client-1", principalId: "principal-1" },
  "databricks:index/modelServing:ModelServing": { servingEndpointId: "0123456789abcdef0123456789abcdef" },
  "azuread:index/group:Group": { objectId: "group-1" },
  "azure-native:network:PrivateEndpoint": {
    privateLinkServiceConnections: [{ privateLinkServiceConnectionState: { status: "Approved" } }],
  },
  "azure-native:network:PrivateDnsZoneGroup": {
    privateDnsZoneConfigs: [{ recordSets: [{ ipAddresses: ["10.20.0.4"] }] }],
  },
};

/** What lookups answer. */
const answers: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "azure-native:authorization:getClientConfig": { clientId: "deployer-1" },
};

/**
 * Runs the program of a spec; resources are listed in the order in which they were registered.
 * @param more registers more resources after the program's own
 * @param alter changes what the program registers, before anything judges it
 * @throws what the program throws
 */
export async function mockRun(
  spec: StackSpec,
  more: () => void = () => {},
  alter: ResourceTransformation = () => undefined,
): Promise<MockRun> {
  const resources: Registered[] = [];
  const options = new Map<string, CustomResourceOptions>();
  const registered = new Map<string, Resource>();
  const fault: { thrown?: unknown } = {};
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id, provider = "" }) => {
        const opts = options.get(`${type} ${name}`) ?? {};
        resources.push({
          type,
          name,
          inputs,
          replaceOnChanges: opts.replaceOnChanges ?? [],
          deleteBeforeReplace: opts.deleteBeforeReplace ?? false,
          ignoreChanges: opts.ignoreChanges ?? [],
          retainOnDelete: opts.retainOnDelete ?? false,
          read: Boolean(id),
          // The SDK's own note on the resource, which all transformations have been at.
          protect:
            (registered.get(`${type} ${name}`) as { __protect?: boolean } | undefined)?.__protect ?? false,
          provider: provider.split("::").at(-2) ?? "",
        });
        return {
          id: type.includes(":network:") ? `/mock/${name}` : `${name}-id`,
          state: { ...inputs, ...learned[type] },
        };
      },
      call: ({ token, inputs }) => ({ ...inputs, ...answers[token] }),
    },
    "rowgate",
    spec.stack,
  );
  const program = async () => {
    runtime.registerStackTransformation(({ resource, type, name, opts }) => {
      registered.set(`${type} ${name}`, resource);
      options.set(`${type} ${name}`, opts);
      return undefined;
    });
    runtime.registerStackTransformation(alter);
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
