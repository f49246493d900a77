import { CredentialOperation } from "@pulumi/azure-native/datafactory/credentialOperation.js";
import { Factory } from "@pulumi/azure-native/datafactory/factory.js";
import { ManagedPrivateEndpoint } from "@pulumi/azure-native/datafactory/managedPrivateEndpoint.js";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import { Resource as ArmResource } from "@pulumi/azure-native/resources/resource.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Resource,
} from "@pulumi/pulumi";
import type { EnvironmentFacts } from "../../metadata-schema/desired-state.ts";
import { managedEndpoints, managedNetworkName } from "../layout/managed-endpoints.ts";
import {
  type ArmPlace,
  armPlace,
  factoryCredentialName,
  factoryId,
  factoryIdentityName,
  managedRuntimeName,
} from "../layout/names.ts";
import type { AzurePlace } from "./azure-places.ts";
import { integrationRuntime } from "./integration-runtime.ts";
import { environmentTags, factoryAnnotations } from "./tags.ts";

/** Azure changes neither on an endpoint that exists. */
const fixedAtCreation = ["properties.groupId", "properties.privateLinkResourceId"];

/**
 * The environment's factory, and how it reaches things: as one identity, from machines in its managed network,
 * by private endpoints. A factory that exists has to have such a network and that identity already.
 */
export class DataFactory extends ComponentResource {
  readonly identity: UserAssignedIdentity;
  readonly #environment: EnvironmentFacts;
  readonly #place: ArmPlace;

  constructor(
    name: string,
    args: { readonly environment: EnvironmentFacts; readonly places: (armId: string) => AzurePlace },
    opts: ComponentResourceOptions,
  ) {
    super("rowgate:components:DataFactory", name, {}, opts);
    const { environment, places } = args;
    this.#environment = environment;
    this.#place = armPlace(factoryId(environment));
    // An identity of its own beside the factory's: only this kind has a client id, which Databricks and SQL ask for.
    this.identity = new UserAssignedIdentity(
      "factory-identity",
      {
        resourceGroupName: environment.resourceGroup,
        location: environment.location,
        resourceName: factoryIdentityName(environment),
        tags: environmentTags(environment),
      },
      { parent: this },
    );
    const inFactory = { parent: this, provider: places(factoryId(environment)).provider };
    const network = environment.existing.factory === undefined ? this.#factory(inFactory) : [];
    this.#credential({ ...inFactory, dependsOn: network });
    integrationRuntime(
      environment,
      {
        name: managedRuntimeName,
        type: "managed",
        description: "Copies and calls inside the managed network",
        coreCount: 8,
        timeToLiveMinutes: 10,
      },
      { ...inFactory, dependsOn: network },
    );
    this.#endpoints({ ...inFactory, dependsOn: network });
    this.registerOutputs();
  }

  get #inFactory() {
    return { resourceGroupName: this.#place.resourceGroup, factoryName: this.#place.name };
  }

  #factory(opts: CustomResourceOptions): Resource[] {
    const factory = new Factory(
      "factory",
      {
        ...this.#inFactory,
        location: this.#environment.location,
        identity: {
          type: "SystemAssigned,UserAssigned",
          userAssignedIdentities: this.identity.id.apply((id) => ({ [id]: {} })),
        },
        // CKV_AZURE_104
        publicNetworkAccess: "Disabled",
        tags: environmentTags(this.#environment),
      },
      opts,
    );
    // azure-native has no type for it. Azure can't delete it: it goes with its factory.
    const network = new ArmResource(
      "managed-network",
      {
        resourceGroupName: this.#place.resourceGroup,
        resourceProviderNamespace: "Microsoft.DataFactory",
        parentResourcePath: `factories/${this.#place.name}`,
        resourceType: "managedVirtualNetworks",
        resourceName: managedNetworkName,
        apiVersion: "2018-06-01",
        properties: {},
      },
      { ...opts, retainOnDelete: true, dependsOn: [factory] },
    );
    return [factory, network];
  }

  #credential(opts: CustomResourceOptions): void {
    new CredentialOperation(
      "factory-credential",
      {
        ...this.#inFactory,
        credentialName: factoryCredentialName,
        properties: {
          type: "ManagedIdentity",
          resourceId: this.identity.id,
          annotations: factoryAnnotations(this.#environment),
        },
      },
      opts,
    );
  }

  /** Each starts out Pending, whoever makes it: the target's owner approves. */
  #endpoints(opts: CustomResourceOptions): void {
    for (const { name, targetId, groupId } of managedEndpoints(this.#environment)) {
      new ManagedPrivateEndpoint(
        name,
        {
          ...this.#inFactory,
          managedVirtualNetworkName: managedNetworkName,
          managedPrivateEndpointName: name,
          properties: { privateLinkResourceId: targetId, groupId },
        },
        { ...opts, replaceOnChanges: fixedAtCreation, deleteBeforeReplace: true },
      );
    }
  }
}
