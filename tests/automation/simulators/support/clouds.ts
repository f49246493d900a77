/** Simulated clouds for one test: in this process, on a folder of their own, kept when the test fails. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startClouds } from "../../../../automation/simulators/clouds.ts";
import { claimHome } from "../../../../automation/simulators/home.ts";
import { type Properties, ProviderClient } from "./provider-client.ts";
import { seed } from "./seed.ts";

export interface TestClouds {
  readonly folder: string;
  /** of their HTTP side */
  readonly url: string;
  /** a connection without configuration: azure-native and azuread need none */
  readonly azure: ProviderClient;
  /** a connection as a databricks provider with this configuration */
  databricks(config: Properties): Promise<ProviderClient>;
  http(
    method: string,
    target: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer>;
  /** changes an object behind the engine's back */
  portal(id: string, properties: Properties): Promise<void>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Properties;
  readonly headers: Headers;
}

export async function request(
  port: number,
  method: string,
  target: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}${target}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  return { status, headers: response.headers, body: text === "" ? {} : (JSON.parse(text) as Properties) };
}

const idleMs = 600_000;

/** `settings` take the place of what the seed says. */
export async function openTestClouds(test: TestContext, settings: Properties = {}): Promise<TestClouds> {
  const folder = await mkdtemp(join(tmpdir(), "clouds-"));
  const seedFile = join(folder, "seed.json");
  await writeFile(seedFile, JSON.stringify({ ...seed, ...settings }));
  const claim = claimHome(join(folder, "home"));
  if (claim.status === "taken") throw new Error(`${folder} is taken`);
  const clouds = await startClouds({ home: claim.home, seedFile, idleMs });
  const clients: ProviderClient[] = [];
  const connect = (): ProviderClient => {
    const client = new ProviderClient(clouds.endpoint.grpcPort);
    clients.push(client);
    return client;
  };
  const { httpPort } = clouds.endpoint;
  test.after(async () => {
    for (const client of clients) client.close();
    clouds.stop("test over");
    await clouds.stopped;
    claim.home.release();
    if (hasPassed(test)) await rm(folder, { recursive: true });
  });
  return {
    folder,
    url: `http://127.0.0.1:${httpPort}`,
    azure: connect(),
    databricks: async (config) => {
      const client = connect();
      await client.configure(config);
      return client;
    },
    http: (method, target, body, headers) => request(httpPort, method, target, body, headers),
    portal: async (id, properties) => {
      const answer = await request(httpPort, "PUT", `/sandbox/objects/${encodeURIComponent(id)}`, {
        properties,
      });
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    },
  };
}

/** Node sets it before the after hooks run; its types do not say so yet. */
const hasPassed = (test: TestContext): boolean => "passed" in test && test.passed === true;
