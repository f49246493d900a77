/** One question to one DNS server, or to the system's. */
import { Resolver } from "node:dns/promises";
import { messageOf } from "../errors.ts";
import type { Resolution } from "./network-view.ts";

/** What a server answers when a name, or an address of it, does not exist. */
const absent = new Set(["ENOTFOUND", "ENODATA"]);
const codeOf = (fault: unknown): unknown =>
  fault instanceof Error && "code" in fault ? fault.code : undefined;

/** @param servers null: the servers that the machine is set up with */
export async function resolveName(
  fqdn: string,
  servers: readonly string[] | null,
  signal: AbortSignal,
): Promise<Resolution> {
  // The deadline is the signal's: a packet that is lost is sent a second time before it.
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  if (servers !== null) resolver.setServers(servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener("abort", cancel);
  try {
    return { status: "answered", addresses: await resolver.resolve4(fqdn) };
  } catch (fault) {
    if (absent.has(String(codeOf(fault)))) return { status: "missing" };
    return { status: "unavailable", message: messageOf(fault) };
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
