/** `/sandbox/settings`: how true to time the clouds are. */
import { changeSettings, readSettings, settingsSchema } from "../settings.ts";
import { parse } from "./request.ts";
import type { Route } from "./route.ts";

const change = settingsSchema.partial();

export const settingsRoutes: readonly Route[] = [
  {
    method: "GET",
    path: /^\/sandbox\/settings$/,
    handle: ({ context }) => ({ status: 200, body: readSettings(context.store) }),
  },
  {
    method: "PUT",
    path: /^\/sandbox\/settings$/,
    handle: ({ context, body }) => {
      // what isn't named stays: partial() would fill in defaults
      const asked = parse(change, body);
      const named = body && typeof body === "object" ? Object.keys(body) : [];
      const wanted = Object.fromEntries(Object.entries(asked).filter(([name]) => named.includes(name)));
      return { status: 200, body: changeSettings(context.store, wanted) };
    },
  },
];
