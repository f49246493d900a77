/**
 * Records the samples beside this file again: `npm run record-samples [-- NAME...]`. Each is what the real engine
 * gave when it failed in one way; engine-errors.ts is tested on them. Needs Linux and root for the disk cases.
 */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { enginePath } from "../../../support/service.ts";
import { cloudCases } from "./cloud-cases.ts";
import { hostCases } from "./host-cases.ts";
import { Lab, type Recording, type SampleCase } from "./lab.ts";
import { neutralizer, tail } from "./neutral.ts";

const folder = path.dirname(fileURLToPath(import.meta.url));
const checkout = path.resolve(folder, "../../../..");

async function recordOne(lab: Lab, sample: SampleCase, neutral: (text: string) => string): Promise<void> {
  const recording = await sample.record(lab);
  await lab.clearFaults();
  if (recording.exitCode === 0) throw new Error(`${sample.name}: the run succeeded`);
  await writeFile(
    path.join(folder, `${sample.name}.json`),
    `${JSON.stringify(told(sample, recording, neutral), null, 2)}\n`,
  );
  process.stdout.write(`${sample.name}: exit ${recording.exitCode ?? recording.signal}\n`);
}

const told = (sample: SampleCase, recording: Recording, neutral: (text: string) => string) => ({
  what: sample.what,
  errors: recording.errors.map(neutral),
  stderr: neutral(recording.stderr),
  stdoutTail: neutral(tail(recording)),
  exitCode: recording.exitCode,
  ...(recording.signal === null ? {} : { signal: recording.signal }),
});

const engine = enginePath();
const version = execFileSync(engine, ["version"], { encoding: "utf8" }).trim();
const wanted = process.argv.slice(2);
const lab = await Lab.open(engine);
try {
  process.stdout.write(`engine ${version}\n`);
  for (const sample of [...cloudCases, ...hostCases]) {
    if (wanted.length > 0 && !wanted.includes(sample.name)) continue;
    // a new one for each sample, so that ids in one do not depend on those before it
    const neutral = neutralizer({ [lab.home]: "/home/rowgate", [checkout]: "/checkout" });
    await recordOne(lab, sample, neutral);
  }
} finally {
  await lab.close();
}
