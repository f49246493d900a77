/**
 * The gRPC shell: the raw resource provider service for three packages on one port. The engine opens one
 * connection per provider instance, so the peer's address ties Configure to the calls that follow it.
 */
import * as grpc from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type { Body } from "./json.ts";
import { type Listener, listen } from "./listener.ts";
import { resourceHandlers } from "./provider-resources.ts";
import { structToBody } from "./provider-struct.ts";
import { type Wrap, wrapWith } from "./provider-wrap.ts";
import type { CallContext } from "./resource-type.ts";
import { NoAnswer } from "./strike.ts";

export interface ProviderServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Makes the context of a call from the provider configuration of its connection. */
export type ContextOf = (config: Body) => CallContext;

export async function startProviderServer(contextOf: ContextOf, touch: () => void): Promise<ProviderServer> {
  const connections = new Map<string, Body>();
  const cancels = new Cancels();
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  // a port number comes back: a later connection must not inherit a configuration
  const listener = await listen(injector, (peer) => {
    connections.delete(peer);
    cancels.cancel(peer);
  });
  const at = (peer: string): CallContext => {
    const config = connections.get(peer);
    if (config) return contextOf(config);
    // A real provider that dies under an engine stays dead: the engine's second connection is no fresh start.
    listener.cut(peer);
    throw new NoAnswer("this connection was never configured");
  };
  const wrap = wrapWith({ at, touch, cut: listener.cut, cancelled: (peer) => cancels.signal(peer) });
  // the generated interface wants all 21 methods; those left out answer UNIMPLEMENTED, which the engine expects
  const handlers: Partial<Record<string, grpc.UntypedHandleCall>> = {
    ...sessionHandlers(wrap, connections, cancels),
    ...resourceHandlers(wrap, at),
  };
  server.addService(service.ResourceProviderService, handlers as grpc.UntypedServiceImplementation);
  return { port: listener.port, stop: () => stopServer(server, listener) };
}

/** Lets calls under way finish; connections still open after two seconds are cut. */
function stopServer(server: grpc.Server, listener: Listener): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      server.forceShutdown();
      listener.close();
      resolve();
    };
    const timer = setTimeout(end, 2000);
    server.tryShutdown(end);
  });
}

/** One server stands for three packages of different versions; the engine warns when it finds an older one. */
const anyVersion = "999.0.0";

/** The engine's Cancel ends what its connection has under way, and nothing that comes after. */
class Cancels {
  readonly #controllers = new Map<string, AbortController>();

  signal(peer: string): AbortSignal {
    const controller = this.#controllers.get(peer) ?? new AbortController();
    this.#controllers.set(peer, controller);
    return controller.signal;
  }

  cancel(peer: string): void {
    this.#controllers.get(peer)?.abort();
    this.#controllers.delete(peer);
  }
}

function sessionHandlers(wrap: Wrap, connections: Map<string, Body>, cancels: Cancels) {
  return {
    handshake: wrap(() => new proto.ProviderHandshakeResponse()),
    attach: wrap(() => new emptyProto.Empty()),
    cancel: wrap((_request: emptyProto.Empty, peer) => {
      cancels.cancel(peer);
      return new emptyProto.Empty();
    }),
    getPluginInfo: wrap(() => new pluginProto.PluginInfo().setVersion(anyVersion)),
    // the SDKs carry the real schema; the engine asks for one only where a program names types as text
    getSchema: wrap(() => new proto.GetSchemaResponse().setSchema("{}")),
    checkConfig: wrap((request: proto.CheckRequest) => {
      return new proto.CheckResponse().setInputs(request.getNews());
    }),
    diffConfig: wrap(diffConfig),
    configure: wrap((request: proto.ConfigureRequest, peer) => {
      connections.set(peer, structToBody(request.getArgs()));
      return new proto.ConfigureResponse().setSupportspreview(true);
    }),
  };
}

/** A provider that points elsewhere owns other objects: its address replaces, the rest doesn't. */
function diffConfig(request: proto.DiffRequest): proto.DiffResponse {
  const olds = structToBody(request.getOldInputs() ?? request.getOlds());
  const news = structToBody(request.getNews());
  const changed = (key: string): boolean => olds[key] !== news[key];
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  const any = [...Object.keys(olds), ...Object.keys(news)].some(changed);
  return new proto.DiffResponse()
    .setChanges(any ? DIFF_SOME : DIFF_NONE)
    .setReplacesList(["host", "azureWorkspaceResourceId", "subscriptionId", "tenantId"].filter(changed));
}
