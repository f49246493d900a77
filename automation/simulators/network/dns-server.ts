/** A DNS server on loopback UDP that answers as one place of the simulated network sees the world. */
import { createSocket, type RemoteInfo } from "node:dgram";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE } from "dns-packet";
import type { NameAnswer } from "./names.ts";

export interface DnsServer {
  readonly port: number;
  stop(): void;
}

// Azure's private records live this long too; probes must see a change soon.
const ttlSeconds = 10;
/** a name that does not exist (RFC 1035); the library's types leave the code to the flags */
const nxDomain = 3;

export async function startDnsServer(resolve: (name: string) => NameAnswer): Promise<DnsServer> {
  const socket = createSocket("udp4");
  socket.on("message", (message: Buffer, peer: RemoteInfo) => {
    const reply = tryReply(message, resolve);
    if (reply) socket.send(reply, peer.port, peer.address);
  });
  // a send to a port that closed meanwhile; the asker is gone
  socket.on("error", () => {});
  await new Promise<void>((ready, failed) => {
    socket.once("error", failed);
    socket.bind(0, "127.0.0.1", () => {
      socket.off("error", failed);
      ready();
    });
  });
  return { port: socket.address().port, stop: () => socket.close() };
}

/** Undefined for what is no question: a server does not answer noise, and does not end of it. */
function tryReply(message: Buffer, resolve: (name: string) => NameAnswer): Buffer | undefined {
  try {
    return replyTo(message, resolve);
  } catch {
    return undefined;
  }
}

function replyTo(message: Buffer, resolve: (name: string) => NameAnswer): Buffer | undefined {
  const query = decode(message);
  const question = query.questions?.[0];
  if (query.type !== "query" || !question) return undefined;
  const { exists, records } = resolve(question.name);
  // of another type than asked, only the aliases are of use; no record then means: none of that type
  const answers = records
    .filter(({ type }) => type === "CNAME" || type === question.type)
    .map((record): Answer => ({ ...record, ttl: ttlSeconds, class: "IN" }));
  return encode({
    type: "response",
    id: query.id ?? 0,
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | (exists ? 0 : nxDomain),
    questions: [question],
    answers,
  });
}
