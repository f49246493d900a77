/** `/sandbox/hosts`: where names on the internet lead to in here, and what was sent to them. */
import { z } from "zod";
import { armError } from "../cloud-error.ts";
import { listHosts, listOutgoing, mapHost, unmapHost } from "../outgoing.ts";
import { parse } from "./request.ts";
import type { Route } from "./route.ts";

const loopback = ["127.0.0.1", "localhost", "[::1]"];
const target = z.strictObject({
  url: z.url({ protocol: /^http$/ }).refine((url) => loopback.includes(URL.parse(url)?.hostname ?? ""), {
    error: "must be http to this machine: 127.0.0.1, localhost or [::1]",
  }),
});
const named = /^\/sandbox\/hosts\/([A-Za-z0-9.-]+)$/;

export const hostRoutes: readonly Route[] = [
  {
    method: "GET",
    path: /^\/sandbox\/hosts$/,
    handle: ({ context }) => ({ status: 200, body: { value: listHosts(context.store) } }),
  },
  {
    method: "GET",
    path: named,
    handle: ({ context, params }) => {
      const found = listHosts(context.store).find(({ host }) => host === params[0]?.toLowerCase());
      if (found) return { status: 200, body: found };
      throw armError(404, "HostNotFound", `The host ${params[0]} is not mapped.`);
    },
  },
  {
    method: "PUT",
    path: named,
    handle: ({ context, params, body }) => {
      const mapping = { host: (params[0] ?? "").toLowerCase(), url: new URL(parse(target, body).url).origin };
      mapHost(context.store, mapping);
      return { status: 200, body: mapping };
    },
  },
  {
    method: "DELETE",
    path: named,
    handle: ({ context, params }) => {
      if (unmapHost(context.store, params[0] ?? "")) return { status: 204 };
      throw armError(404, "HostNotFound", `The host ${params[0]} is not mapped.`);
    },
  },
  {
    method: "GET",
    path: /^\/sandbox\/outgoing$/,
    handle: ({ context, query }) => ({
      status: 200,
      body: { value: listOutgoing(context.store, Number(query.get("since") ?? "0")) },
    }),
  },
];
