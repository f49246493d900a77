/** Resident memory of a home's processes in MB, as often as asked. */
import { residentBytes } from "../../automation/engine/processes.ts";
import type { TestService } from "../support/service.ts";
import { processesOf } from "./victims.ts";

export interface Memory {
  readonly service: number;
  /** all of them together, and the largest */
  readonly children: number;
  readonly largestChild: number;
  readonly engines: number;
  readonly clouds: number;
  readonly childCount: number;
}

const megabytes = (pid: number): number => (residentBytes(pid) ?? 0) / 2 ** 20;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function memoryOf(service: TestService): Memory {
  const { children, engines, clouds } = processesOf(service.home);
  const each = children.map(({ pid }) => megabytes(pid));
  return {
    service: megabytes(service.pid),
    children: sum(each),
    largestChild: Math.max(0, ...each),
    engines: sum(engines.map(({ pid }) => megabytes(pid))),
    clouds: sum(clouds.map(megabytes)),
    childCount: children.length,
  };
}
