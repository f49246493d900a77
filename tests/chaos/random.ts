/** A random source that a printed number repeats. */
export interface Random {
  /** in [0, 1) */
  next(): number;
  /** whole, from 0 to below `end` */
  below(end: number): number;
  /** one of them; undefined of none */
  pick<T>(values: readonly T[]): T | undefined;
  /** `count` different ones, in random order; all when there are fewer */
  take<T>(values: readonly T[], count: number): readonly T[];
}

/** mulberry32: 32 bits of state are plenty for choosing victims. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    pick: (values) => values[below(values.length)],
    take: (values, count) => {
      const left = [...values];
      const taken = [];
      while (left.length > 0 && taken.length < count) taken.push(...left.splice(below(left.length), 1));
      return taken;
    },
  };
}
