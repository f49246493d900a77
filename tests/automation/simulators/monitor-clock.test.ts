/** Azure Monitor's own clock, when the store fails under it. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { listDeliveries, startMonitor } from "../../../automation/simulators/azure/monitor.ts";
import { mapHost } from "../../../automation/simulators/outgoing.ts";
import { until } from "../../support/service.ts";
import { openContext } from "./support/context.ts";

const host = "rowgate.contoso.example";

async function openClock(test: TestContext) {
  const ctx = await openContext(test);
  const { store } = ctx;
  const receiver = { received: 0, onCall: (): void => {} };
  const server = createServer((_request, response) => {
    receiver.received += 1;
    receiver.onCall();
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  mapHost(store, { host, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const told: string[] = [];
  const stop = startMonitor(ctx, (fault) => told.push(String(fault)));
  test.after(async () => {
    stop();
    server.close();
    server.closeAllConnections();
    await ctx.background.stop();
  });
  return {
    ctx,
    receiver,
    told,
    /** A delivery whose time has come. */
    queue: () =>
      store.run(
        `insert into deliveries (alert_id, condition, channel, receiver, target, payload, state, next_at)
         values ('a', 'Fired', 'webhook', 'r', 'https://${host}/hook', '{}', 'pending', '2026-06-01T12:00:00.000Z')`,
      ),
    take: (table: string) => store.run(`alter table ${table} rename to taken`),
    giveBack: (table: string) => store.run(`alter table taken rename to ${table}`),
    states: () => listDeliveries(ctx).map(({ state }) => state),
  };
}

describe("the clock of Azure Monitor", () => {
  it("tells of rules that it can't look at, once, and goes on when it can", async (t) => {
    const clock = await openClock(t);
    clock.take("rule_clocks");
    clock.queue();
    await until("a tick failed", () => clock.told.length > 0);
    assert.match(clock.told[0] ?? "", /no such table: rule_clocks/);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(clock.told.length, 1);
    clock.giveBack("rule_clocks");
    await until("it is delivered", () => clock.states()[0] === "delivered");
    clock.take("rule_clocks");
    await until("the next fault is told", () => clock.told.length > 1);
    clock.giveBack("rule_clocks");
  });

  it("sends again what it could not record the end of", async (t) => {
    const clock = await openClock(t);
    clock.receiver.onCall = () => {
      if (clock.receiver.received === 1) clock.take("deliveries");
    };
    clock.queue();
    await until("the end was not recorded", () => clock.told.length > 0);
    assert.match(clock.told[0] ?? "", /no such table: deliveries/);
    clock.giveBack("deliveries");
    await until("it is delivered", () => clock.states()[0] === "delivered");
    assert.equal(clock.receiver.received, 2);
  });
});
