/** What a series of measurements says about growth. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Least squares: how much y grows for each x. 0 where nothing can be told. */
export function slope(points: readonly Point[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (points.length < 2 || spread === 0) return 0;
  return points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export interface Trend {
  readonly slope: number;
  readonly median: number;
  /** medians of the first and of the last tenth */
  readonly first: number;
  readonly last: number;
}

export function trendOf(values: readonly number[]): Trend {
  const tenth = Math.max(1, Math.floor(values.length / 10));
  return {
    slope: slope(values.map((y, x) => ({ x, y }))),
    median: median(values),
    first: median(values.slice(0, tenth)),
    last: median(values.slice(-tenth)),
  };
}

/**
 * Why a series is not flat; null: it is. Judged twice, as one number alone can be fooled: by the fitted line over the
 * whole series, and by what the last tenth is to the first. `share` is the growth that noise may fake, `least` the
 * growth that is too small to matter, in the unit of the values.
 */
export function growthFault(
  values: readonly number[],
  { share, least }: { readonly share: number; readonly least: number },
): string | null {
  const { slope, median, first, last } = trendOf(values);
  const fitted = slope * (values.length - 1);
  const allowed = Math.max(least, share * median);
  const shown = (value: number): string => value.toFixed(1);
  if (fitted > allowed)
    return `the fitted line grows by ${shown(fitted)} over the series; ${shown(allowed)} is allowed`;
  const allowedLast = Math.max(first + least, first * (1 + share));
  if (last > allowedLast)
    return `the last tenth is ${shown(last)}, the first ${shown(first)}; ${shown(allowedLast)} is allowed`;
  return null;
}
