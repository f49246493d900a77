/** How the service itself reaches the clouds, besides the engine: as whoever it runs as, or as anybody in the sandbox. */
import { type ArmClient, azureArmUrl, createArmClient } from "./arm-client.ts";

export interface CloudAccess {
  readonly arm: ArmClient;
  /** Microsoft Graph, without a version */
  readonly graph: RestApi;
  /** the workspace at a host name */
  databricks(host: string): RestApi;
}

/** An API that answers JSON. Calls throw what the network says; an answer of any status is an answer. */
export interface RestApi {
  get(pathAndQuery: string): Promise<RestAnswer>;
  post(path: string, body: unknown): Promise<RestAnswer>;
}

export interface RestAnswer {
  readonly status: number;
  /** parsed JSON; null when there is none */
  readonly body: unknown;
}

/** A bearer token for a resource, e.g. `https://graph.microsoft.com`. */
export type TokenOf = (resource: string) => Promise<string>;

const timeoutMs = 10_000;
export const graphUrl = "https://graph.microsoft.com";
/** The application id of Azure Databricks, the same in every tenant. */
export const databricksResource = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";

const restApi = (url: () => Promise<string>, token: (() => Promise<string>) | null): RestApi => {
  const send = async (pathAndQuery: string, init: RequestInit): Promise<RestAnswer> => {
    const response = await fetch(`${await url()}${pathAndQuery}`, {
      ...init,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${await token()}` }),
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      },
    });
    return { status: response.status, body: parse(await response.text()) };
  };
  return {
    get: (pathAndQuery) => send(pathAndQuery, { method: "GET" }),
    post: (path, body) => send(path, { method: "POST", body: JSON.stringify(body) }),
  };
};

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Azure's public cloud; see tokens.ts for `tokenOf`. */
export function azureAccess(tokenOf: TokenOf): CloudAccess {
  const at = (url: string, resource = url) =>
    restApi(
      async () => url,
      () => tokenOf(resource),
    );
  return {
    arm: createArmClient({ url: async () => azureArmUrl, token: () => tokenOf(azureArmUrl) }),
    graph: at(graphUrl),
    databricks: (host) => at(`https://${host}`, databricksResource),
  };
}

/** The simulated clouds, which answer for all three at one address. */
export function sandboxAccess(url: () => Promise<string>): CloudAccess {
  return {
    arm: createArmClient({ url }),
    graph: restApi(url, null),
    databricks: (host) => restApi(async () => `${await url()}/databricks/${host}`, null),
  };
}
