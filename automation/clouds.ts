/** The clouds of a service: simulated ones, or Azure. Behind this interface nothing else knows which. */
import path from "node:path";
import { cloudsSeedFile } from "../metadata-schema/sample/sample.ts";
import { azureArmUrl } from "./azure/arm-client.ts";
import { azureAccess, type CloudAccess, sandboxAccess, type TokenOf } from "./azure/cloud-access.ts";
import { serviceTokens } from "./azure/tokens.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { installPlugins, missingPlugins, type Plugin } from "./engine/plugins.ts";
import { messageOf } from "./errors.ts";
import type { HostCheck } from "./host-health.ts";
import { createDirectNetworkView } from "./probes/direct-view.ts";
import type { NetworkView } from "./probes/network-view.ts";
import { createSandboxNetworkView } from "./probes/sandbox-view.ts";
import { openSimulatedClouds } from "./simulated-clouds.ts";
import { providerPlugins } from "./versions.ts";

export interface Clouds {
  readonly kind: "sandbox" | "azure";
  /** how the service itself reaches them */
  readonly access: CloudAccess;
  /** their network, as probes see it */
  readonly network: NetworkView;
  /** Makes a name of the internet lead to a port of this machine; null: what is real leads where it leads. */
  readonly leadHere: ((host: string, port: number) => Promise<void>) | null;
  /** how engine processes reach them; may hold a secret */
  engineEnvironment(): Promise<Readonly<Record<string, string>>>;
  /** what the processes that run the program read themselves; no secret */
  readonly programEnvironment: Readonly<Record<string, string>>;
  /** what every run needs of them */
  readonly checks: readonly HostCheck[];
  /** Looks after them no more, and lets them run. */
  leave(): Promise<void>;
  /** Ends what was started for the sandbox; nothing ends Azure. */
  stop(): Promise<void>;
}

/** @param say tells a person what takes time */
export function openClouds(config: Config, say: (line: string) => void): Promise<Clouds> {
  return config.cloud.kind === "sandbox"
    ? openSandbox(config)
    : openAzure(config, serviceTokens(config.cloud.signIn), say);
}

async function openSandbox({ home, inherited }: Config): Promise<Clouds> {
  const clouds = await openSimulatedClouds({
    folder: path.join(home, "clouds"),
    seed: cloudsSeedFile,
    environment: inherited,
    clock: systemClock,
  });
  return {
    kind: "sandbox",
    access: sandboxAccess(() => clouds.url()),
    network: createSandboxNetworkView({ url: () => clouds.url() }),
    leadHere: (host, port) => clouds.leadHere(host, port),
    engineEnvironment: () => clouds.environment(),
    programEnvironment: {},
    checks: [{ name: "clouds", look: () => clouds.ping() }],
    leave: () => clouds.leave(),
    stop: () => clouds.stop(),
  };
}

async function openAzure(config: Config, tokenOf: TokenOf, say: (line: string) => void): Promise<Clouds> {
  if (config.cloud.kind !== "azure") throw new TypeError("the configuration is not of Azure");
  const { signIn } = config.cloud;
  const plugins = providerPlugins(config.checkout);
  await installPlugins({
    command: config.enginePath,
    home: config.home,
    plugins,
    environment: { ...config.inherited, ...signIn.engineEnvironment() },
    say,
  });
  return {
    kind: "azure",
    access: azureAccess(tokenOf),
    network: createDirectNetworkView(),
    leadHere: null,
    engineEnvironment: async () => signIn.engineEnvironment(),
    programEnvironment: signIn.switches,
    checks: [pluginsCheck(config.home, plugins), signInCheck(signIn.method, tokenOf)],
    leave: async () => {},
    stop: async () => {},
  };
}

const pluginsCheck = (home: string, plugins: readonly Plugin[]): HostCheck => ({
  name: "plugins",
  look: async () => {
    const missing = await missingPlugins(home, plugins);
    if (missing.length === 0) return;
    const names = missing.map(({ name, version }) => `${name} ${version}`).join(", ");
    throw new Error(
      `Provider plugins are gone from ${home}: ${names}. Start the service again, which installs them.`,
    );
  },
});

/** A token is kept until it ends, so this asks Microsoft Entra ID about once an hour. */
const signInCheck = (method: string, tokenOf: TokenOf): HostCheck => ({
  name: "clouds",
  look: async () => {
    try {
      await tokenOf(azureArmUrl);
    } catch (cause) {
      throw new Error(
        `Microsoft Entra ID does not sign the service in by ${method}: ${firstLine(messageOf(cause))} ` +
          "`npx rowgate doctor` says what is missing. Runs go on by themselves.",
        { cause },
      );
    }
  },
});

/** Identity libraries add hints for developers, several lines of them. */
const firstLine = (text: string): string => text.split(/\r?\n/)[0] ?? text;
