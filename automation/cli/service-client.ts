/** Calls of the running service over HTTP. */
import { readServiceUrl } from "../service-file.ts";

export interface ServiceClient {
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** Server-sent events from the one after `after`, until the service ends them or the connection breaks. */
  events(path: string, after: string | null): AsyncIterable<ServiceEvent>;
}

export interface ServiceEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
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
  const url = addressOf(
    environment.ROWGATE_URL || (await readServiceUrl(home)) || `http://127.0.0.1:${environment.PORT || 8080}`,
  );
  return {
    get: (route) => call(url, route, { method: "GET" }),
    post: (route, body) =>
      call(url, route, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    events: (route, after) => events(url, route, after),
  };
}

/** What is called, and named in messages: a scheme, a host and a port. */
function addressOf(text: string): string {
  const like = "Set ROWGATE_URL to one like http://127.0.0.1:8080.";
  // Before anything else: whatever is wrong with the rest, a password must not be told.
  if (text.includes("@"))
    throw new Error(
      `The address of the service holds a name or a password, and there is no sign-in yet. ${like}`,
    );
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Error(`${text} is no address of a service. ${like}`);
  return url.origin;
}

async function call(url: string, route: string, init: RequestInit): Promise<unknown> {
  const response = await send(url, route, init);
  const text = await response.text().catch((cause) => {
    throw notAnswering(url, cause);
  });
  try {
    return JSON.parse(text);
  } catch {
    // Not Rowgate; what the caller parses it with says so.
    return null;
  }
}

const notAnswering = (url: string, cause: unknown): Error =>
  new Error(
    `No service answers at ${url}. Start it with \`npm start\`, or say where it is: ROWGATE_URL, or its ROWGATE_HOME.`,
    { cause },
  );

/** An answer that is no refusal. */
async function send(url: string, route: string, init: RequestInit): Promise<Response> {
  const response = await fetch(new URL(route, url), init).catch((cause) => {
    throw notAnswering(url, cause);
  });
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const { code, message, details } = (body ?? {}) as { code?: unknown; message?: unknown; details?: unknown };
  throw new ServiceRefusal(
    typeof code === "string" ? code : "Unknown",
    typeof message === "string" ? message : `${url} answered ${response.status}. Is it Rowgate?`,
    details,
  );
}

async function* events(url: string, route: string, after: string | null): AsyncIterable<ServiceEvent> {
  const headers = after === null ? {} : { "Last-Event-ID": after };
  const { body } = await send(url, route, { headers });
  if (body === null) return;
  let text = "";
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) yield eventOf(block);
    }
  } catch {
    // The connection broke; the caller asks again, from the last event on.
  }
}

function eventOf(block: string): ServiceEvent {
  const field = (name: string): string =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? "";
  return { id: field("id"), event: field("event"), data: JSON.parse(field("data")) };
}
