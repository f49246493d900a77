/**
 * In the sandbox, what the simulated clouds call by a name of the internet must reach this service: the host of
 * each environment's service_url leads to its port. Told at the start, whenever rows came to ask for something
 * else, and again until it is known.
 */
import type { MetadataStore } from "../metadata-schema/store.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

export interface ServiceNamesOptions {
  readonly store: Pick<MetadataStore, "readRows">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly port: number;
  leadHere(host: string, port: number): Promise<void>;
}

const retryMs = 2_000;
/** nothing is lost where nobody pokes: a replica resolved the change */
const restMs = 60_000;

export class ServiceNames {
  readonly #options: ServiceNamesOptions;
  readonly #stop = new AbortController();
  readonly #told = new Set<string>();
  #poke = new AbortController();
  #ended: Promise<void> | null = null;

  constructor(options: ServiceNamesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ended ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.poke();
    await this.#ended;
  }

  poke(): void {
    this.#poke.abort();
  }

  async #loop(): Promise<void> {
    const { clock, log } = this.#options;
    let healthy = true;
    while (!this.#stop.signal.aborted) {
      this.#poke = new AbortController();
      try {
        await this.#tell();
        healthy = true;
      } catch (fault) {
        if (healthy)
          log.warn({ err: fault }, "the clouds could not be told where the service is; tried again");
        healthy = false;
      }
      await clock.sleep(healthy ? restMs : retryMs, this.#poke.signal);
    }
  }

  async #tell(): Promise<void> {
    const { store, port, leadHere } = this.#options;
    const rows = await store.readRows({ tables: ["Environments"] });
    for (const host of new Set(rows.flatMap(({ values }) => hostOf(values.service_url) ?? []))) {
      if (this.#told.has(host)) continue;
      await leadHere(host, port);
      this.#told.add(host);
    }
  }
}

/** Null: no URL, or one by an IPv6 address, which is no name. */
function hostOf(value: unknown): string | null {
  const host = typeof value === "string" ? URL.parse(value)?.hostname : undefined;
  return host !== undefined && /^[A-Za-z0-9.-]+$/.test(host) ? host : null;
}
