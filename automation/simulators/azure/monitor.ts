/**
 * What Azure Monitor does by itself: looks at rules when their time comes, and delivers what has fired.
 * A delivery is pending, then sending, then delivered or failed; what was being sent when the process died is
 * sent again.
 */

import { send } from "../outgoing.ts";
import type { CallContext } from "../resource-type.ts";
import { evaluateRules, speedOf } from "./rule-evaluation.ts";

/** Microsoft, "Action groups": a webhook's call is tried again after these seconds, then given up. */
const retryAfterSeconds = [5, 20, 5, 40, 5];
const retriedCodes = [408, 429, 503, 504];
const webhookTimeoutMs = 10_000;
const tickMs = 1000;

export interface Delivery {
  readonly deliveryId: number;
  readonly alertId: string;
  readonly condition: string;
  readonly channel: string;
  readonly receiver: string;
  readonly target: string;
  readonly state: string;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastFault: string | null;
}

export function listDeliveries({ store }: CallContext): Delivery[] {
  return store.all("select * from deliveries order by delivery_id").map((row) => ({
    deliveryId: Number(row.delivery_id),
    alertId: String(row.alert_id),
    condition: String(row.condition),
    channel: String(row.channel),
    receiver: String(row.receiver),
    // the query of a webhook's URL may hold a secret
    target: String(row.target).replace(/\?.*$/, ""),
    state: String(row.state),
    attempts: Number(row.attempts),
    lastStatus: row.last_status === null ? null : Number(row.last_status),
    lastFault: row.last_fault === null ? null : String(row.last_fault),
  }));
}

/** A paused clock looks at no rule by itself; what has fired is delivered all the same. */
export const isPausedIn = ({ store }: CallContext): boolean => store.fact("monitorPaused") === "true";

/**
 * Starts the clock; the answer stops it. A fault, of the store for example, is told once until a tick is without one,
 * and the clock goes on.
 */
export function startMonitor(ctx: CallContext, tell: (fault: unknown) => void = tellOnStderr): () => void {
  const sendAgain = (): void => {
    ctx.store.run("update deliveries set state = 'pending' where state = 'sending'");
  };
  sendAgain();
  let mustSendAgain = false;
  let isTold = false;
  const tick = async (): Promise<void> => {
    const at = new Date();
    if (!isPausedIn(ctx)) evaluateRules(ctx, at, "due");
    // What was being sent may have arrived or not: as on Azure, a delivery may come twice.
    if (mustSendAgain) sendAgain();
    mustSendAgain = false;
    // a fault of one delivery is in its row
    await deliverDue(ctx, at);
  };
  const timer = setInterval(() => {
    tick().then(
      () => {
        isTold = false;
      },
      (fault) => {
        mustSendAgain = true;
        if (!isTold) tell(fault);
        isTold = true;
      },
    );
  }, tickMs);
  return () => clearInterval(timer);
}

const tellOnStderr = (fault: unknown): void => {
  process.stderr.write(
    `The clock of the simulated Azure Monitor goes on after a fault: ${fault instanceof Error ? fault.message : String(fault)}\n`,
  );
};

/** Sends all deliveries whose time has come, once each. */
export async function deliverDue(ctx: CallContext, at: Date): Promise<void> {
  const due = ctx.store
    .all("select * from deliveries where state = 'pending' and next_at <= ?", at.toISOString())
    .filter(
      (row) =>
        ctx.store.run(
          "update deliveries set state = 'sending' where delivery_id = ? and state = 'pending'",
          Number(row.delivery_id),
        ) === 1,
    );
  if (due.length === 0) return;
  const ends = await ctx.background.run((stopping) =>
    Promise.allSettled(
      due.map((row) =>
        deliver(ctx, stopping, {
          id: Number(row.delivery_id),
          attempts: Number(row.attempts) + 1,
          alertId: String(row.alert_id),
          url: String(row.target),
          payload: String(row.payload),
        }),
      ),
    ),
  );
  const fault = ends.find((end) => end.status === "rejected");
  if (fault !== undefined) throw fault.reason;
}

interface Attempt {
  readonly id: number;
  readonly attempts: number;
  readonly alertId: string;
  readonly url: string;
  readonly payload: string;
}

async function deliver(ctx: CallContext, stopping: AbortSignal, attempt: Attempt): Promise<void> {
  const sent = await send(ctx, {
    purpose: "alert",
    about: attempt.alertId,
    method: "POST",
    url: attempt.url,
    headers: { "content-type": "application/json" },
    body: attempt.payload,
    timeoutMs: webhookTimeoutMs,
    stopping,
  });
  const code = sent.status === "answered" ? sent.code : null;
  const isDone = code !== null && code >= 200 && code < 300;
  const isRetried = code === null || retriedCodes.includes(code);
  const wait = isRetried ? retryAfterSeconds[attempt.attempts - 1] : undefined;
  const next = new Date(Date.now() + ((wait ?? 0) * 1000) / speedOf(ctx)).toISOString();
  ctx.store.run(
    `update deliveries set state = ?, attempts = ?, next_at = ?, last_status = ?, last_fault = ?
     where delivery_id = ?`,
    isDone ? "delivered" : wait === undefined ? "failed" : "pending",
    attempt.attempts,
    next,
    code,
    sent.status === "failed" ? sent.fault : null,
    attempt.id,
  );
}
