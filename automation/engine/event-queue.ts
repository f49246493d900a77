/** An async iterable that is pushed into; one reader, nothing is lost before it comes. */
export interface EventQueue<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** Ends the iteration once everything pushed has been read. */
  close(): void;
}

export function eventQueue<T>(): EventQueue<T> {
  const items: T[] = [];
  let closed = false;
  let wake = Promise.withResolvers<void>();
  const signal = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  return {
    push(item) {
      items.push(item);
      signal();
    },
    close() {
      closed = true;
      signal();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) yield item;
        else if (closed) return;
        else await wake.promise;
      }
    },
  };
}
