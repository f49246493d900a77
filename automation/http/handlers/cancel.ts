import { ServiceError } from "../../errors.ts";
import { type CancelBody, textIdParameter } from "../contract.ts";
import { type Handler, json } from "../handler.ts";
import { runNotFound } from "../not-found.ts";
import { parse } from "../parse.ts";

/** A queued run ends at once (200); one that runs is asked to end (202), and its own status tells when it has. */
export const postCancel: Handler = async (call, services) => {
  const { id } = parse(textIdParameter, call.parameters, "path");
  if ((await services.store.getRun(id)) === null) throw runNotFound(id);
  const outcome = await services.cancelRun(id);
  if (outcome === "ended")
    throw new ServiceError({
      code: "RunEnded",
      status: 409,
      message: `Run ${id} has ended already. "rowgate describe run ${id}" tells how.`,
    });
  const body: CancelBody = { run: id, status: outcome };
  return json(outcome === "canceled" ? 200 : 202, body, { Location: `/api/runs/${id}` });
};
