/** The time that one step may take is over. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/**
 * Ends with DeadlineError after `ms`, and with the reason of `ended` once that aborts, whether or not the work
 * listens to its signal.
 */
export async function within<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  ended?: AbortSignal,
): Promise<T> {
  ended?.throwIfAborted();
  const over = new AbortController();
  const endings = Promise.withResolvers<never>();
  const end = (fault: unknown): void => {
    endings.reject(fault);
    over.abort(fault);
  };
  const timer = setTimeout(() => end(new DeadlineError(`no answer within ${ms} ms`)), ms);
  const stop = (): void => end(ended?.reason);
  ended?.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work(over.signal), endings.promise]);
  } finally {
    clearTimeout(timer);
    ended?.removeEventListener("abort", stop);
  }
}
