/** A clock that moves only when a test moves it. */
export class TestClock {
  #now: number;

  constructor(now: string = "2026-03-01T08:00:00.000Z") {
    this.#now = Date.parse(now);
  }

  now(): Date {
    return new Date(this.#now);
  }

  set(now: string): void {
    this.#now = Date.parse(now);
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  /** The instant that is `ms` after now, as a store writes it. */
  in(ms: number): string {
    return new Date(this.#now + ms).toISOString();
  }
}
