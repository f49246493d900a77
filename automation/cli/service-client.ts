/** Calls of the running service over HTTP. */
import { readServiceUrl } from "../service-file.ts";

export interface ServiceClient {
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
}

/** What the service answers when it refuses: its message, and details for programs. */
export class ServiceRefusal extends Error {
  override readonly name = "ServiceRefusal";
  readonly code: string;
  readonly details: unknown;
  constructor(code: string, message: string, details: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Found by ROWGATE_URL, else by what the service wrote into its home, else where it listens by default. */
export async function openService(home: string, environment: NodeJS.ProcessEnv): Promise<ServiceClient> {
  const url =
    environment.ROWGATE_URL || (await readServiceUrl(home)) || `http://127.0.0.1:${environment.PORT || 8080}`;
  return {
    get: (route) => call(url, route, { method: "GET" }),
    post: (route, body) =>
      call(url, route, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
  };
}

async function call(url: string, route: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(route, url), init);
  } catch (cause) {
    throw new Error(
      `No service answers at ${url}. Start it with \`npm start\`, or say where it is: ROWGATE_URL.`,
      {
        cause,
      },
    );
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body;
  const { code, message, details } = (body ?? {}) as { code?: unknown; message?: unknown; details?: unknown };
  throw new ServiceRefusal(
    typeof code === "string" ? code : "Unknown",
    typeof message === "string" ? message : `${url} answered ${response.status}. Is it Rowgate?`,
    details,
  );
}
