/** Whether the rows that a writer read are still all there are. */
import type { MetadataTable } from "./columns.ts";
import { ConflictError } from "./errors.ts";
import type { ReadSection } from "./records.ts";

interface SectionsOfTable {
  readonly table: MetadataTable;
  readonly sections: readonly ReadSection[];
  readonly jobIds: readonly number[];
}

/** One look a table is enough. */
export const sectionsByTable = (read: readonly ReadSection[]): readonly SectionsOfTable[] =>
  [...Map.groupBy(read, ({ table }) => table)].map(([table, sections]) => ({
    table,
    sections,
    jobIds: sections.map(({ jobId }) => jobId),
  }));

/** `rows`: job_id and row_key of all rows of the sections' jobs. Throws a ConflictError. */
export function requireSameSections(
  sections: readonly ReadSection[],
  rows: readonly Readonly<Record<string, unknown>>[],
): void {
  const byJob = Map.groupBy(rows, ({ job_id }) => Number(job_id));
  for (const { table, jobId, keys } of sections) {
    const found = (byJob.get(jobId) ?? []).map(({ row_key }) => String(row_key));
    const isSame = found.length === keys.length && found.every((key) => keys.includes(key));
    if (!isSame)
      throw new ConflictError(
        `The rows of job ${jobId} in ${table} were changed by somebody meanwhile. Read them again.`,
      );
  }
}
