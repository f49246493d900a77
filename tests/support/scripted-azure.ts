/** Azure Resource Manager, Microsoft Graph and Databricks as one HTTP server that answers what a test says. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type CloudAccess, sandboxAccess } from "../../automation/azure/cloud-access.ts";

export interface ScriptedCall {
  readonly method: string;
  /** path, without the query */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly body?: unknown;
}

export interface ScriptedAzure {
  readonly access: CloudAccess;
  readonly url: string;
  readonly calls: readonly ScriptedCall[];
}

/** @param answer null: there is nothing */
export async function scriptedAzure(
  test: TestContext,
  answer: (call: ScriptedCall) => ScriptedAnswer | null,
): Promise<ScriptedAzure> {
  const calls: ScriptedCall[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "/", "http://localhost");
    const call: ScriptedCall = {
      method: request.method ?? "",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      body: text === "" ? null : JSON.parse(text),
    };
    calls.push(call);
    const { status, body } = answer(call) ?? {
      status: 404,
      body: { error: { code: "ResourceNotFound", message: "There is none." } },
    };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { access: sandboxAccess(async () => url), url, calls };
}

export const armFault = (status: number, code: string, message = "no"): ScriptedAnswer => ({
  status,
  body: { error: { code, message } },
});
