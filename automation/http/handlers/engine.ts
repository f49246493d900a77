import type { EngineBody } from "../contract.ts";
import { type Handler, json } from "../handler.ts";

/** Which engine runs stacks, how busy it is, and what holds it back. */
export const getEngine: Handler = async (_call, { store, engine }) => {
  const pauses = await store.listPauses();
  const body: EngineBody = {
    ...engine(),
    running: (await store.listLeases()).length,
    pauses: pauses.map(({ subscriptionId, until, reason }) => ({ subscriptionId, until, reason })),
  };
  return json(200, body);
};
