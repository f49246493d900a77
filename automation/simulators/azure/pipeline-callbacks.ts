/** Webhook activities that wait to be called back, by the id in their callback's URL. */
import type { Json } from "../json.ts";

const waiting = new Map<string, (body: Json) => void>();

/** Resolves with the callback's body, or with undefined once the time is up or the clouds stop. */
export function awaitCallback(
  id: string,
  { timeoutMs, stopping }: { timeoutMs: number; stopping: AbortSignal },
): Promise<Json | undefined> {
  return new Promise((resolve) => {
    const end = (body: Json | undefined): void => {
      waiting.delete(id);
      clearTimeout(timer);
      stopping.removeEventListener("abort", stop);
      resolve(body);
    };
    const stop = (): void => end(undefined);
    const timer = setTimeout(stop, timeoutMs);
    stopping.addEventListener("abort", stop);
    waiting.set(id, end);
  });
}

/** False: nobody waits for it (any more). */
export function callBack(id: string, body: Json): boolean {
  const end = waiting.get(id);
  end?.(body);
  return end !== undefined;
}
