/** Work that the simulated clouds do by themselves: runs of pipelines, deliveries. It ends before they do. */
export class Background {
  readonly #gone = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /** Starts a piece of work; its signal fires when the clouds stop. */
  run<T>(work: (stopping: AbortSignal) => Promise<T>): Promise<T> {
    const running = work(this.#gone.signal);
    const quiet = running.then(
      () => {},
      () => {},
    );
    this.#running.add(quiet);
    quiet.finally(() => this.#running.delete(quiet));
    return running;
  }

  /** Resolves when all of it has ended. */
  async stop(): Promise<void> {
    this.#gone.abort();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
