/**
 * What a Data Factory Lookup can read of vw_Adf_Job_Outputs: 5,000 rows and 4 MB of JSON in one activity.
 * Source: learn.microsoft.com/azure/data-factory/control-flow-lookup-activity#supported-capabilities.
 */
import { plainText } from "../../metadata-schema/plain-text.ts";
import type { OutputValues } from "../../metadata-schema/store.ts";

const maxRows = 5_000;
const maxBytes = 4_000_000;
/** what a row has beside name and value: job_id, run_id, as_of, stale, with their names */
const otherBytes = 200;

/** Why a pipeline could not read these outputs whole, and what to do; null: it can. */
export function outputsFault(outputs: OutputValues): string | null {
  const sizes = Object.entries(outputs).map(([name, value]): readonly [string, number] => {
    return [name, Buffer.byteLength(JSON.stringify({ name, value: plainText(value) })) + otherBytes];
  });
  if (sizes.length > maxRows)
    return `The stack has ${count(sizes.length)} outputs, and Data Factory reads at most ${count(maxRows)}. Nothing of them was published: join some into one object.`;
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (bytes <= maxBytes) return null;
  const [largest = ["", 0]] = sizes.toSorted(([, a], [, b]) => b - a);
  return `The stack's outputs are ${count(bytes)} bytes, and Data Factory reads at most ${count(maxBytes)}. Nothing of them was published: make the largest smaller, ${largest[0]} with ${count(largest[1])} bytes.`;
}

const count = (value: number): string => value.toLocaleString("en-US");
