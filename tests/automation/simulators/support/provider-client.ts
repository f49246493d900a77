/** Speaks to the simulated clouds as the engine does: one connection per provider instance. */
import * as grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

// biome-ignore lint/suspicious/noExplicitAny: properties are free-form JSON, read back by assertions
export type Properties = Record<string, any>;

export interface Checked {
  readonly inputs: Properties;
  readonly failures: readonly { readonly property: string; readonly reason: string }[];
}

export interface Differed {
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly paths: readonly string[];
}

export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

const pack = (value: Properties): structProto.Struct =>
  structProto.Struct.fromJavaScript(
    JSON.parse(JSON.stringify(value)) as Parameters<typeof structProto.Struct.fromJavaScript>[0],
  );
const unpack = (message: structProto.Struct | undefined): Properties =>
  message ? (message.toJavaScript() as Properties) : {};

type Reply<Response> = (error: grpc.ServiceError | null, response: Response) => void;

export class ProviderClient {
  readonly #client: InstanceType<typeof service.ResourceProviderClient>;
  #configured: Promise<void> | undefined;

  constructor(port: number) {
    // a channel of its own, as each provider instance of the engine has
    this.#client = new service.ResourceProviderClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createInsecure(),
      { "grpc.use_local_subchannel_pool": 1 },
    );
  }

  close(): void {
    this.#client.close();
  }

  configure(config: Properties): Promise<void> {
    const request = new proto.ConfigureRequest().setArgs(pack(config));
    const done = ask<proto.ConfigureResponse>((reply) => this.#client.configure(request, reply));
    this.#configured = done.then(() => {});
    return this.#configured;
  }

  /** A call on a resource; the engine configures a provider before it makes any. */
  async #ask<Response>(call: (reply: Reply<Response>) => unknown): Promise<Response> {
    await (this.#configured ?? this.configure({}));
    return ask(call);
  }

  async check(type: string, news: Properties, olds: Properties = {}): Promise<Checked> {
    const request = new proto.CheckRequest()
      .setUrn(urn(type, "it"))
      .setNews(pack(news))
      .setOlds(pack(olds))
      .setRandomseed(new Uint8Array([1, 2, 3, 4]));
    const response = await this.#ask<proto.CheckResponse>((reply) => this.#client.check(request, reply));
    return {
      inputs: unpack(response.getInputs()),
      failures: response
        .getFailuresList()
        .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
    };
  }

  async diff(type: string, olds: Properties, news: Properties): Promise<Differed> {
    const request = new proto.DiffRequest()
      .setUrn(urn(type, "it"))
      .setOldInputs(pack(olds))
      .setOlds(pack(olds))
      .setNews(pack(news));
    const response = await this.#ask<proto.DiffResponse>((reply) => this.#client.diff(request, reply));
    const paths: string[] = [];
    response.getDetaileddiffMap().forEach((_change, path) => {
      paths.push(path);
    });
    return {
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
      paths,
    };
  }

  /** Check, then create: what the engine does; check failures are thrown. */
  async create(type: string, inputs: Properties, name = "it"): Promise<Resource> {
    const checked = await this.check(type, inputs);
    if (checked.failures.length > 0) throw new Error(checked.failures.map((f) => f.reason).join("; "));
    const request = new proto.CreateRequest().setUrn(urn(type, name)).setProperties(pack(checked.inputs));
    const response = await this.#ask<proto.CreateResponse>((reply) => this.#client.create(request, reply));
    const outputs = unpack(response.getProperties());
    return { type, name, id: response.getId(), inputs: checked.inputs, outputs };
  }

  /** What a preview of a create shows. */
  async previewCreate(type: string, inputs: Properties): Promise<Properties> {
    const request = new proto.CreateRequest()
      .setUrn(urn(type, "it"))
      .setProperties(pack(inputs))
      .setPreview(true);
    const response = await this.#ask<proto.CreateResponse>((reply) => this.#client.create(request, reply));
    return unpack(response.getProperties());
  }

  /** A create whose caller may leave before it is answered, by the function returned. */
  async startCreate(type: string, inputs: Properties): Promise<() => void> {
    await (this.#configured ?? this.configure({}));
    const request = new proto.CreateRequest().setUrn(urn(type, "it")).setProperties(pack(inputs));
    const call = this.#client.create(request, () => {});
    return () => call.cancel();
  }

  /** undefined: the object is gone */
  async read(resource: Resource): Promise<Resource | undefined> {
    const request = new proto.ReadRequest()
      .setUrn(urn(resource.type, resource.name))
      .setId(resource.id)
      .setInputs(pack(resource.inputs))
      .setProperties(pack(resource.outputs));
    const response = await this.#ask<proto.ReadResponse>((reply) => this.#client.read(request, reply));
    if (response.getId() === "") return undefined;
    const [inputs, outputs] = [unpack(response.getInputs()), unpack(response.getProperties())];
    return { ...resource, id: response.getId(), inputs, outputs };
  }

  /** What `import` reads: an id and nothing else. */
  async import(type: string, id: string): Promise<Resource | undefined> {
    return this.read({ type, name: "imported", id, inputs: {}, outputs: {} });
  }

  async update(resource: Resource, news: Properties): Promise<Resource> {
    const checked = await this.check(resource.type, news, resource.inputs);
    if (checked.failures.length > 0) throw new Error(checked.failures.map((f) => f.reason).join("; "));
    const request = new proto.UpdateRequest()
      .setUrn(urn(resource.type, resource.name))
      .setId(resource.id)
      .setOlds(pack(resource.outputs))
      .setOldInputs(pack(resource.inputs))
      .setNews(pack(checked.inputs));
    const response = await this.#ask<proto.UpdateResponse>((reply) => this.#client.update(request, reply));
    return { ...resource, inputs: checked.inputs, outputs: unpack(response.getProperties()) };
  }

  async delete(resource: Resource): Promise<void> {
    const request = new proto.DeleteRequest()
      .setUrn(urn(resource.type, resource.name))
      .setId(resource.id)
      .setProperties(pack(resource.outputs));
    await this.#ask<unknown>((reply) => this.#client.delete(request, reply));
  }

  /** What the engine sends when a run is cancelled. */
  async cancel(): Promise<void> {
    await this.#ask<unknown>((reply) => this.#client.cancel(new emptyProto.Empty(), reply));
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    const request = new proto.InvokeRequest().setTok(token).setArgs(pack(args));
    const response = await this.#ask<proto.InvokeResponse>((reply) => this.#client.invoke(request, reply));
    return unpack(response.getReturn());
  }
}

const urn = (type: string, name: string): string => `urn:pulumi:dev::tests::${type}::${name}`;

/** The call got no answer: the engine reads this as a provider that is gone. */
export const isUnavailable = (fault: unknown): boolean =>
  fault instanceof Error &&
  (fault.cause as Partial<grpc.ServiceError> | undefined)?.code === grpc.status.UNAVAILABLE;

/** The generated client answers by callback; its faults carry the provider's words in `details`. */
function ask<Response>(call: (reply: Reply<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) =>
      error ? reject(new Error(error.details, { cause: error })) : resolve(response),
    );
  });
}
