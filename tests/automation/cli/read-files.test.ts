/** What files say is what is read: nothing is lost on the way out and in, and nothing is made up. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { documentsText } from "../../../automation/cli/output.ts";
import { readSources } from "../../../automation/cli/read-files.ts";

const noInput = async () => Buffer.alloc(0);
const read = (text: string | Buffer) => readSources(["-"], async () => Buffer.from(text));
async function firstOf(text: string): Promise<unknown> {
  const { documents, faults } = await read(text);
  assert.deepEqual(faults, []);
  return documents[0]?.value;
}
/** Faults of a text whose documents are all refused. */
async function faultsOf(text: string | Buffer): Promise<readonly string[]> {
  const { documents, faults } = await read(text);
  assert.deepEqual(documents, [], "nothing of it is read");
  return faults;
}

describe("what export prints", () => {
  /** Through the terminal: bytes of UTF-8, and the end of line that printing adds. */
  async function cameBack(format: "yaml" | "json", documents: readonly unknown[]): Promise<void> {
    const bytes = Buffer.from(`${documentsText(format, documents)}\n`);
    const { documents: again, faults } = await read(bytes.toString());
    assert.deepEqual(faults, []);
    const values = again.map(({ value }) => value);
    assert.deepEqual(format === "json" ? values.flat() : values, documents);
  }
  const withText = (text: string) => [
    { job_id: 1, description: text },
    { environments: [{ name: "eastus", description: text }] },
    { job_id: 2, security: { access_policies: [{ description: text }] }, description: text },
  ];
  const piece = fc.oneof(
    fc.constantFrom("\n", "\n\n", " ", "  ", "\t", "\r", "\r\n", "\u00a0", "\u2028", "\u0085", "\ufeff"),
    fc.constantFrom(
      "---",
      "...",
      "- ",
      "#",
      " #",
      ": ",
      "'",
      '"',
      "\\",
      "|",
      ">",
      "&a",
      "*a",
      "!env",
      "%",
      "<<",
    ),
    fc.constantFrom(
      "no",
      "null",
      "~",
      "017",
      "0x1f",
      ".inf",
      "1e400",
      "2026-03-02",
      "word ".repeat(30),
      "🦊",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));

  for (const format of ["yaml", "json"] as const) {
    it(`is read back as it was, whatever a description says: ${format}`, async () => {
      await fc.assert(
        fc.asyncProperty(text, (description) => cameBack(format, withText(description))),
        {
          numRuns: 500,
          examples: [
            ["keep\n\n"],
            ["ends with nbsp\u00a0"],
            [" \n"],
            ["\n a\n"],
            [`${"\0".repeat(9)}\n \nx`],
          ],
        },
      );
    });

    it(`is read back with the same numbers: ${format}`, async () => {
      const number = fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((each) => !Object.is(each, -0));
      await fc.assert(
        fc.asyncProperty(number, (threshold) => cameBack(format, [{ alert_rules: [{ threshold }] }])),
        { examples: [[1e20], [-123456789012345680000], [2 ** 60], [1e300], [0.1]] },
      );
    });
  }
});

describe("files of rows", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "rowgate-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const faults = [
    ["job_id: 1\nname: !env X", "2:7", /^Unresolved tag: !env\. .*write the value itself/],
    ["job_id: 1\nname: !!binary aGk=", "2:7", /^Unresolved tag: \S*:binary\. .*write the value itself/],
    ["job_id: 1\nnames: !!set {a, b}", "2:8", /^Unresolved tag: \S*:set\. /],
    ["job_id: 1\nsecurity: !mine {a: 1}", "2:11", /^Unresolved tag: !mine\. /],
    ["%YAML 1.3\n---\njob_id: 1", "1:7", /^Unsupported YAML version 1\.3\. Leave the line out/],
    ["job_id: .inf", "1:9", /^\.inf is no number that a row can hold\. Write another/],
    ["job_id: -.Inf", "1:9", /^-\.Inf is no number/],
    ["job_id: .nan", "1:9", /^\.nan is no number/],
    ["job_id: 1\ncluster_config:\n  max_workers: 1e400", "3:16", /^1e400 is no number/],
    [
      "job_id: 9007199254740993",
      "1:9",
      /^9007199254740993 would be read as 9007199254740992\. Write a smaller number, or text/,
    ],
    ["job_id: -9007199254740993", "1:9", /^-9007199254740993 would be read as/],
    ["job_id: 0xffffffffffffffff", "1:9", /^0xffffffffffffffff would be read as/],
    ['{1: a, "1": b}', "1:8", /^Map keys must be unique/],
    ["job_id: 1\n? [a]\n: b", "2:3", /^A key must be text/],
    ["job_id: 1\n!!int 2: b", "2:1", /^A key must be text/],
    ["job_id: 1\nname: *x", "2:7", /^Nothing before it is named &x\. /],
    ["job_id: 1\ncluster_config:\n  <<: 3", "3:3", /^<< takes a map, .*\. Write one/],
    ["a: &a {b: 1}\nc:\n  <<: [*a, 3]", "3:3", /^<< takes a map/],
    ["name: !!merge <<", "1:15", /^<< is no value\. Write text in quotes/],
  ] as const;
  for (const [text, at, says] of faults) {
    it(`${JSON.stringify(text)} is refused at ${at}`, async () => {
      const [told = "", ...more] = await faultsOf(text);
      assert.deepEqual(more, []);
      assert.ok(told.startsWith(`<stdin>:${at}: `), told);
      assert.match(told.slice(`<stdin>:${at}: `.length), says);
    });
  }

  it("a JSON file is read by the same rules, and its faults have its name", async () => {
    const write = async (name: string, text: string): Promise<string> => {
      const file = path.join(folder, name);
      await writeFile(file, text);
      return file;
    };
    const bad = await write(
      "bad.json",
      '{\n  "job_id": 12345678901234567890,\n  "name": 1e400,\n  "name": 2\n}',
    );
    const good = await write("good.json", '{"job_id": 7, "name": "\\ud800", "<<": {"a": 1}}');
    const { documents, faults } = await readSources([bad, good], noInput);
    assert.deepEqual(
      faults.map((fault) => fault.replace(/ (is|would) .*/, "")),
      [`${bad}:2:13: 12345678901234567890`, `${bad}:3:11: 1e400`, `${bad}:4:3: Map keys must be unique`],
    );
    // A key in quotes is no merge.
    assert.deepEqual(
      documents.map(({ file, value }) => [file, value]),
      [[good, { job_id: 7, name: "\ud800", "<<": { a: 1 } }]],
    );
  });

  it("text that is not UTF-8 is refused, and a byte order mark is not part of it", async () => {
    for (const bytes of [Buffer.from("name: Gr\xfc\xdfe", "latin1"), Buffer.from("\ufeffname: a", "utf16le")])
      assert.deepEqual(await faultsOf(bytes), ["<stdin>:1:1: is not UTF-8. Save it in that encoding."]);
    assert.deepEqual(await firstOf("\ufeffname: Zoë"), { name: "Zoë" });
  });

  it("what has no end is refused", async () => {
    assert.deepEqual(await faultsOf("job_id: 1\nparameters: &a { b: *a }"), [
      "<stdin>:1:1: has an alias inside what it stands for. Write the value out.",
    ]);
    const deep = JSON.stringify({ job_id: 1, a: JSON.parse(`${"[".repeat(3_000)}${"]".repeat(3_000)}`) });
    const told = await faultsOf(deep);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /^<stdin>:1:\d+: .*inside each other too deep\. Make it flatter\.$/);
  });

  it("in a folder, a link to nothing is told and a pipe is not waited for", async () => {
    await symlink(path.join(folder, "nothing"), path.join(folder, "link.yaml"));
    await assert.rejects(readSources([folder], noInput), /link\.yaml is no file that can be read\. Mend or/);
    await rm(path.join(folder, "link.yaml"));
    execFileSync("mkfifo", [path.join(folder, "pipe.yaml")]);
    await assert.rejects(readSources([folder], noInput), /pipe\.yaml is no file that can be read/);
  });

  it("all faults of a document are told, in the order of their lines", async () => {
    const told = await faultsOf("a: .nan\nb: !env X\nc: *none\nd: 12345678901234567890\na: 2\n");
    assert.deepEqual(
      told.map((each) => each.split(":")[1]),
      ["1", "2", "3", "4", "5"],
    );
  });

  it("a document with a fault keeps none of the others from being read", async () => {
    const { documents, faults } = await read("job_id: !env X\n---\njob_id: 2\n");
    assert.equal(faults.length, 1);
    assert.deepEqual(
      documents.map(({ value, placeOf }) => [value, placeOf(["job_id"])]),
      [[{ job_id: 2 }, { line: 3, column: 1 }]],
    );
  });

  it("keys are text, as they are written", async () => {
    assert.deepEqual(await firstOf("1: a\ntrue: b\n~: c\n0x1: d"), {
      "1": "a",
      true: "b",
      "~": "c",
      "0x1": "d",
    });
  });

  it("<< takes over what a map does not say itself, from one map or several", async () => {
    const base = "base: &base {min: 1, max: 2}\nmore: &more {max: 3, type: x}\n";
    const merged = async (own: string) => ((await firstOf(`${base}own: ${own}\n`)) as { own: unknown }).own;
    assert.deepEqual(await merged("{<<: *base, max: 9}"), { min: 1, max: 9 });
    assert.deepEqual(await merged("{max: 9, <<: *base}"), { min: 1, max: 9 });
    assert.deepEqual(await merged("{<<: [*base, *more]}"), { min: 1, max: 2, type: "x" });
    assert.deepEqual(await merged("{<<: {min: 4}}"), { min: 4 });
  });

  it("numbers are read exactly up to the largest, and YAML 1.1 is read as 1.2", async () => {
    assert.deepEqual(await firstOf("a: 9007199254740991\nb: -9007199254740991\nc: 0.1\nd: 1e300"), {
      a: Number.MAX_SAFE_INTEGER,
      b: Number.MIN_SAFE_INTEGER,
      c: 0.1,
      d: 1e300,
    });
    assert.deepEqual(await firstOf("%YAML 1.1\n---\na: no\nb: 2026-03-02\nc: 010"), {
      a: "no",
      b: "2026-03-02",
      c: 10,
    });
  });
});
