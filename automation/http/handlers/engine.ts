import type { EngineBody } from "../contract.ts";
import { type Handler, json } from "../handler.ts";

/** Which engine runs stacks, and how busy it is. */
export const getEngine: Handler = async (_call, { store, engine }) => {
  const body: EngineBody = { ...engine, running: (await store.listLeases()).length };
  return json(200, body);
};
