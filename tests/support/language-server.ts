/** Serves a program as the engine's runtime, for tests and benches that start the engine themselves. */
import * as grpc from "@grpc/grpc-js";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as sdk from "@pulumi/pulumi/automation/server.js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";

// The SDK keeps this class out of its declarations; the Automation API itself serves programs with it.
const { LanguageServer } = sdk as unknown as {
  LanguageServer: new (program: PulumiFn) => { onPulumiExit(hasError: boolean): void };
};

export interface ServedProgram {
  readonly port: number;
  close(): void;
}

export async function serveProgram(program: PulumiFn): Promise<ServedProgram> {
  const server = new grpc.Server();
  const languageServer = new LanguageServer(program);
  server.addService(
    LanguageRuntimeService as unknown as grpc.ServiceDefinition,
    languageServer as unknown as grpc.UntypedServiceImplementation,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (fault, bound) =>
      fault === null ? resolve(bound) : reject(fault),
    );
  });
  return {
    port,
    close: () => {
      languageServer.onPulumiExit(false);
      server.forceShutdown();
    },
  };
}
