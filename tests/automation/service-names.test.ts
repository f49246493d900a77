/** Names of environments lead to the service in the sandbox: told once each, when rows change, and until it is known. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../../automation/clock.ts";
import { createLogger } from "../../automation/log.ts";
import { ServiceNames } from "../../automation/service-names.ts";
import { environment } from "../support/small-rows.ts";
import { openTempStore } from "../support/temp-store.ts";

describe("the names of the service", () => {
  it("are told at the start, once each, and again after a fault; what is no name is left out", async () => {
    const temp = await openTempStore();
    const { store } = temp;
    const told: string[] = [];
    let away = true;
    // A pause ends when somebody pokes, or after a fault.
    const clock: Clock = {
      monotonicMs: () => 0,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted || ms < 10_000) return resolve();
          signal?.addEventListener("abort", () => resolve(), { once: true });
        }),
    };
    const url = (name: string, service_url: string | null, is_default = false) =>
      environment({ name, service_url, is_default, resource_group: `rg-${name}` });
    await store.insertRows([
      url("one", "https://rowgate.contoso.example/base", true),
      url("two", "https://ROWGATE.contoso.example"),
      url("three", "http://[::1]:8080"),
      url("four", null),
    ]);
    const names = new ServiceNames({
      store,
      clock,
      log: createLogger(null, "info"),
      port: 8080,
      leadHere: async (host, port) => {
        told.push(`${host} ${port}`);
        if (!away) return;
        away = false;
        throw new Error("the clouds are away");
      },
    });
    names.start();
    await until(() => told.length === 2);
    await store.insertRows([url("five", "https://rowgate.fabrikam.example")]);
    names.poke();
    await until(() => told.length === 3);
    await names.stop();
    assert.deepEqual(told, [
      "rowgate.contoso.example 8080",
      "rowgate.contoso.example 8080",
      "rowgate.fabrikam.example 8080",
    ]);
    await temp.close();
  });
});

async function until(test: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!test()) {
    assert.ok(performance.now() < end, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
