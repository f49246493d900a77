/**
 * The public path is refused: Azure Resource Manager says that it is closed, and whoever answers at the public
 * address says so too. Where nobody can be asked, ARM's word stands alone, and the detail says that it does.
 */
import { request as httpRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import { readObject, target } from "./arm-objects.ts";
import { DeadlineError, within } from "./deadline.ts";
import type { Connection } from "./network-view.ts";
import { type Look, nameOf, type Verdict } from "./probe-layer.ts";
import { openTls } from "./tls.ts";

const internet = { kind: "internet" } as const;
const byWord = "by ARM's word";
/** a public address that is silent for so long is no way in */
const silentMs = 2_000;

export async function lookAtPublicPath(look: Look): Promise<Verdict> {
  const { request, found } = look;
  const read = await readObject(look, found.targetId, { kind: "target", shape: target });
  if (read.status === "unread") return read.verdict;
  // Azure's default, where nothing is said, is open.
  const setting = read.value.publicNetworkAccess ?? "Enabled";
  if (setting.toLowerCase() === "enabled") {
    return {
      status: "failed",
      reason: "PublicAccessEnabled",
      message: `${nameOf(found.targetId)} is open to the internet: its publicNetworkAccess is ${setting}. Set it to Disabled.`,
    };
  }
  const said = `publicNetworkAccess is ${setting}`;
  const untried = whyUntried(look);
  if (untried !== null) return { status: "ok", detail: `${byWord}, ${said}; ${untried}` };
  const answer = await askPublicly(look);
  if (answer.status === "untried")
    return {
      status: "ok",
      detail: `${byWord}, ${said}; the public path was not tried: ${answer.message}`,
    };
  if (answer.status === "closed") return { status: "ok", detail: `${said}; ${answer.detail}` };
  return {
    status: "failed",
    reason: "PublicPathAnswers",
    message: `${request.fqdn} answers ${answer.httpStatus} from the internet at ${answer.address}, though ${said}. Look at the network settings of ${nameOf(found.targetId)} in the portal, and at who else changes them.`,
  };
}

/** Whether the public path itself refused, by what is kept of a probe; else ARM says that it is closed. */
export const wasTried = (layers: readonly { readonly layer: string; readonly detail: string }[]): boolean =>
  layers.some(({ layer, detail }) => layer === "public" && !detail.startsWith(byWord));

function whyUntried({ request: { service, fqdn } }: Look): string | null {
  if (service === "portal" || /\.pl-auth\./.test(fqdn)) {
    return `${fqdn} is everybody's, and stays public`;
  }
  if (service === "sql") return "SQL refuses at sign-in, which a probe does not try";
  return null;
}

type PublicAnswer =
  | { readonly status: "closed"; readonly detail: string }
  | { readonly status: "untried"; readonly message: string }
  | { readonly status: "open"; readonly httpStatus: number; readonly address: string };

const closed = (detail: string): PublicAnswer => ({ status: "closed", detail });

async function askPublicly({ request, from, signal }: Look): Promise<PublicAnswer> {
  const { fqdn, port, service } = request;
  const name = await from.view.resolve(fqdn, internet, signal);
  if (name.status === "unavailable") return { status: "untried", message: name.message };
  const [address] = name.status === "answered" ? name.addresses : [];
  if (address === undefined) return closed("the internet does not know the name");
  const connection = await knock(() =>
    within(silentMs, (soon) => from.view.connect(address, port, internet, AbortSignal.any([soon, signal]))),
  );
  if (connection.status === "refused") return closed(`${address} does not connect from the internet`);
  try {
    const authorities = await from.view.authorities(internet, signal);
    const tls = await openTls(connection.socket, { fqdn, service, authorities }, signal);
    if (tls.status === "failed") return closed(`${address} refuses TLS from the internet`);
    const httpStatus = await askStatus(tls.socket, fqdn, signal);
    if (httpStatus === null) return closed(`${address} cuts requests from the internet`);
    if (httpStatus === 403) return closed(`${address} answers 403 from the internet`);
    // Some services ask who it is before they look where from: that answer says nothing about the network.
    if (httpStatus === 401) return closed(`${address} asks the internet to sign in, and says no more`);
    return { status: "open", httpStatus, address };
  } finally {
    connection.socket.destroy();
  }
}

async function knock(connect: () => Promise<Connection>): Promise<Connection> {
  try {
    return await connect();
  } catch (fault) {
    if (fault instanceof DeadlineError) return { status: "refused", message: fault.message };
    throw fault;
  }
}

/** Null: the connection ended without an answer. */
function askStatus(socket: TLSSocket, fqdn: string, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve) => {
    const request = httpRequest({ createConnection: () => socket, host: fqdn, path: "/", signal });
    request.once("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    request.once("error", () => resolve(null));
    request.end();
  });
}
