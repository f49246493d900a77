/**
 * Stands between a store and its database server, and loses connections when a test says so. It reads the packets
 * of the client (MS-TDS 2.2.3), so the connection through it is not encrypted.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { parseServerAddress } from "../../metadata-schema/stores/mssql/server-address.ts";

export interface Packet {
  readonly type: number;
  readonly payload: Buffer;
}

/**
 * before: the server never gets the packet. after: the server has done it, and its answer is lost. midway: so is
 * what comes behind the first bytes of its answer.
 */
export type Moment = "before" | "after" | "midway";

export interface TdsProxy {
  /** the server's database, by way of the proxy */
  readonly url: string;
  /** host, port and database as a store names them to people */
  readonly address: string;
  /** Loses the connection of the next packet of this kind, once. */
  loseAt(isMeant: (packet: Packet) => boolean, moment: Moment): void;
  /** Whether that packet has come. */
  readonly hasLost: boolean;
  /** Loses every connection that is open. */
  drop(): void;
  /** As while a server restarts: loses every connection and refuses new ones. */
  goAway(): void;
  comeBack(): Promise<void>;
  /** From now on nothing gets through, and nobody is told. */
  fallSilent(): void;
  close(): Promise<void>;
}

const transactionManagerRequest = 0x0e;
const commitTransaction = 7;

export function isCommit({ type, payload }: Packet): boolean {
  if (type !== transactionManagerRequest) return false;
  const headers = payload.readUInt32LE(0);
  return payload.readUInt16LE(headers) === commitTransaction;
}

/** A request whose statement or text parameters contain this. */
export const says =
  (text: string) =>
  ({ payload }: Packet): boolean =>
    payload.includes(Buffer.from(text, "utf16le"));

export async function openTdsProxy(serverUrl: string): Promise<TdsProxy> {
  const { server: host = "", port = 1433, database, user, password } = parseServerAddress(serverUrl);
  const pairs = new Set<readonly [client: Socket, upstream: Socket]>();
  let trap: { readonly isMeant: (packet: Packet) => boolean; readonly moment: Moment } | null = null;
  let silent = false;

  const join = (client: Socket) => {
    const upstream = connect(port, host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const lose = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    let lostAnswer: Moment | null = null;
    forEachPacket(client, (packet, bytes) => {
      if (silent) return;
      if (trap?.isMeant(packet)) {
        const { moment } = trap;
        trap = null;
        if (moment === "before") return lose();
        lostAnswer = moment;
      }
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (silent) return;
      if (lostAnswer === null) client.write(bytes);
      else if (lostAnswer === "after") lose();
      else client.write(bytes.subarray(0, firstBytes), lose);
    });
    for (const socket of pair) socket.on("error", lose).on("close", lose);
  };

  let server = await listen(0, join);
  const ownPort = (server.address() as AddressInfo).port; // it listens on a port
  const drop = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
    pairs.clear();
  };
  const signIn = `${encodeURIComponent(user ?? "")}:${encodeURIComponent(password ?? "")}`;
  return {
    url: `mssql://${signIn}@127.0.0.1:${ownPort}/${database}?encrypt=false`,
    address: `127.0.0.1:${ownPort}/${database}`,
    loseAt: (isMeant, moment) => {
      trap = { isMeant, moment };
    },
    get hasLost(): boolean {
      return trap === null;
    },
    drop,
    goAway: () => {
      server.close();
      drop();
    },
    comeBack: async () => {
      silent = false;
      server = await listen(ownPort, join);
    },
    fallSilent: () => {
      silent = true;
    },
    close: async () => {
      drop();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(port: number, join: (client: Socket) => void): Promise<Server> {
  const server = createServer(join).listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const headerLength = 8;
/** The header, and the beginning of the first token. */
const firstBytes = 10;

function forEachPacket(socket: Socket, use: (packet: Packet, bytes: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const length = rest.length < headerLength ? Number.POSITIVE_INFINITY : rest.readUInt16BE(2);
      if (rest.length < length) return;
      const packet = rest.subarray(0, length);
      rest = rest.subarray(length);
      use({ type: packet.readUInt8(0), payload: packet.subarray(headerLength) }, packet);
    }
  });
}
