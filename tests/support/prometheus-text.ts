/** Reads Prometheus' text format, strictly: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const suffixes: Readonly<Record<string, RegExp>> = {
  counter: /^$/,
  gauge: /^$/,
  histogram: /^_(bucket|sum|count)$/,
  summary: /^(_sum|_count)?$/,
};

/** Families by name. Throws an Error that names the line at fault. */
export function readPrometheusText(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, { help: string; type: string; samples: Sample[] }>();
  let current = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, word, name = "", rest = ""] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (word === "HELP") {
      if (families.has(name)) throw new Error(`a second HELP: ${line}`);
      families.set(name, { help: rest, type: "", samples: [] });
      current = name;
    } else if (word === "TYPE") {
      const family = families.get(name);
      if (family === undefined || family.type !== "" || name !== current)
        throw new Error(`misplaced: ${line}`);
      if (suffixes[rest] === undefined) throw new Error(`no such type: ${line}`);
      family.type = rest;
    } else {
      const sample = readSample(line);
      const family = families.get(current);
      if (family === undefined || !sample.name.startsWith(current)) throw new Error(`of no family: ${line}`);
      if (!suffixes[family.type]?.test(sample.name.slice(current.length)))
        throw new Error(`no name of a ${family.type}: ${line}`);
      family.samples.push(sample);
    }
  }
  return families;
}

function readSample(line: string): Sample {
  const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (parts === null) throw new Error(`no sample: ${line}`);
  const [, name = "", inside = "", number = ""] = parts;
  const labels: Record<string, string> = {};
  const rest = inside.replaceAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/g, (_all, label, value) => {
    if (label in labels) throw new Error(`a label twice: ${line}`);
    labels[label] = String(value).replaceAll(/\\(.)/g, (_both, sign) => (sign === "n" ? "\n" : sign));
    return "";
  });
  if (rest !== "") throw new Error(`no labels: ${line}`);
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
  // Go's ParseFloat, which reads it, takes NaN in any case.
  if (number.toLowerCase() !== "nan" && Number.isNaN(value)) throw new Error(`no number: ${line}`);
  return { name, labels, value };
}
