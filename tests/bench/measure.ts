/** Numbers of a bench: always minimum and median of the rounds, as the machine is noisy. */

export interface Numbers {
  readonly rounds: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
}

export function numbersOf(values: readonly number[]): Numbers {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { rounds: sorted.length, min: sorted[0] ?? 0, median: at(0.5), p95: at(0.95) };
}

export async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** One line of the report. */
export interface Measurement {
  readonly name: string;
  readonly unit: "ms" | "s" | "x";
  readonly numbers: Numbers;
  /** the budget, judged by the median (p95 where it says so) */
  readonly budget?: { readonly text: string; readonly met: boolean };
}

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

export function table(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, unit, numbers, budget }) => [
    name,
    String(numbers.rounds),
    `${shown(numbers.min)} ${unit}`,
    `${shown(numbers.median)} ${unit}`,
    `${shown(numbers.p95)} ${unit}`,
    budget === undefined ? "" : `${budget.text}: ${budget.met ? "met" : "MISSED"}`,
  ]);
  const lines = [["what", "rounds", "min", "median", "p95", "budget"], ...rows];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The ratio of two sides that alternated, pair by pair. */
export const ratios = (over: readonly number[], under: readonly number[]): readonly number[] =>
  over.map((value, index) => value / (under[index] ?? Number.NaN));
