/** Which rows asked for an object, and which objects a row became. */
import { type Entry, subjectKey } from "../../metadata-schema/contributions.ts";
import type { RowRef } from "../../metadata-schema/rows.ts";
import type { MetadataStore, StackRecord, StoredContribution } from "../../metadata-schema/store.ts";
import { firewallStack } from "../../program/layout/names.ts";
import {
  isHeld,
  type NamedObject,
  type Owner,
  objectsOf,
  objectsOfSpec,
  principalOf,
} from "./cloud-objects.ts";
import type { WhyObjectBody, WhyRowBody } from "./contract.ts";
import { isNamedBy, wordsOf } from "./object-words.ts";

type FoundObject = WhyObjectBody["objects"][number];

/** Objects that a text names, each with exactly the rows that asked for it. */
export async function whyObject(store: MetadataStore, text: string): Promise<readonly FoundObject[]> {
  const words = wordsOf(text);
  if (words.length === 0) return [];
  const found: FoundObject[] = [];
  for (const stack of await store.listStacks()) {
    if (!mayHold(stack, words)) continue;
    const contributions = await contributionsTo(stack, store);
    found.push(...objectsIn(stack, contributions, (object) => isNamedBy(object, words)));
  }
  return found;
}

/** What every subject contributes to a stack, and what its environment's row asks of it besides. */
export async function contributionsTo(
  record: StackRecord,
  store: MetadataStore,
): Promise<readonly StoredContribution[]> {
  return [...(await store.stackContributions(record.stack)), ...serviceAddressIn(record)];
}

/** No entry says so: while anybody needs a firewall, the service's own address is let through it. */
function serviceAddressIn({ stack, kind, desired }: StackRecord): readonly StoredContribution[] {
  const { spec } = desired;
  if (spec?.kind !== "firewall" || spec.service !== "databricks") return [];
  const { name } = spec.environment;
  const row = { table: "Environments", key: name } as const;
  const item = { kind: "range", range: spec.serviceAddress } as const;
  const entries = [{ row, ask: "service_address", item }];
  const asked = { wanted: entries, admitted: entries, references: [], urgent: false };
  return [{ subject: { kind: "environment", name }, stack, kind, environment: name, base: null, ...asked }];
}

const isLevel = (word: string): boolean => /^(can|is)_/.test(word);

/** From specs alone, so that contributions are read only of stacks that have to do with the text. */
function mayHold({ kind, desired, appliedSpec }: StackRecord, words: readonly string[]): boolean {
  // A permission list's spec has the highest level alone; rows may have asked for lower ones.
  const sought = kind === "acl" ? words.filter((word) => !isLevel(word)) : words;
  return [desired.spec, appliedSpec].flatMap(objectsOfSpec).some((object) => isNamedBy(object, sought));
}

function objectsIn(
  stack: StackRecord,
  contributions: readonly StoredContribution[],
  isSought: (object: NamedObject) => boolean,
): readonly FoundObject[] {
  const found = new Map<string, FoundObject>();
  const about = { stack: stack.stack, kind: stack.kind };
  for (const contribution of contributions) {
    const owner = ownerOf(contribution, stack);
    for (const entry of contribution.admitted) {
      for (const object of objectsOf(owner, entry.item).filter(isSought)) {
        const applied = isHeld(stack.appliedSpec, entry.item, object);
        const known = found.get(object.id) ?? { object: object.sentence, ...about, applied, rows: [] };
        found.set(object.id, known);
        addRow(known.rows, contribution, entry);
      }
    }
  }
  // What no row asks for any more is there until a run takes it away.
  for (const object of objectsOfSpec(stack.appliedSpec).filter(isSought))
    if (!found.has(object.id))
      found.set(object.id, { object: object.sentence, ...about, applied: true, rows: [] });
  return [...found.values()];
}

function addRow(rows: FoundObject["rows"], { subject }: StoredContribution, { row, ask }: Entry): void {
  if (rows.some((known) => known.table === row.table && known.key === row.key && known.ask === ask)) return;
  rows.push({ ...row, jobId: subject.kind === "job" ? subject.jobId : null, ask });
}

function ownerOf({ stack, environment, base }: StoredContribution, record: StackRecord | null): Owner {
  const principal = base?.kind === "access" ? base.principal : principalOf(record?.desired.spec ?? null);
  return { stack, environment, principal };
}

/** Objects that a row became or asks for; null: there is no such row. */
export async function whyRow(store: MetadataStore, row: RowRef): Promise<WhyRowBody | null> {
  const stored = (await store.readRows({ tables: [row.table] })).find(({ key }) => key === row.key);
  if (stored === undefined) return null;
  const jobId = typeof stored.values.job_id === "number" ? stored.values.job_id : null;
  const contributions =
    jobId === null ? await contributionsOfShared(store, row) : await store.jobContributions(jobId);
  const objects: WhyRowBody["objects"] = [];
  for (const contribution of contributions) {
    const record = await store.getStack(contribution.stack);
    for (const object of askedBy(row, contribution, record))
      if (!objects.some((known) => isSameObject(known, object))) objects.push(object);
  }
  const conditions = [...(await store.conditions({ kind: "row", row }))];
  return { row: { ...row, jobId, values: stored.values }, conditions, objects };
}

type AskedObject = WhyRowBody["objects"][number];

/** What a row's entries in one contribution became, or wait to become. */
function askedBy(
  row: RowRef,
  contribution: StoredContribution,
  record: StackRecord | null,
): readonly AskedObject[] {
  const { stack, kind } = contribution;
  const isOfRow = (entry: Entry): boolean => entry.row.table === row.table && entry.row.key === row.key;
  return [...contribution.admitted, ...contribution.wanted].filter(isOfRow).flatMap(({ ask, item }) => {
    const admitted = contribution.admitted.some((each) => isOfRow(each) && each.ask === ask);
    return objectsOf(ownerOf(contribution, record), item).map((object) => {
      const applied = isHeld(record?.appliedSpec ?? null, item, object);
      return { object: object.sentence, stack, kind, admitted, applied, ask };
    });
  });
}

const isSameObject = (a: AskedObject, b: AskedObject): boolean =>
  a.object === b.object && a.stack === b.stack && a.ask === b.ask;

/** Of shared rows an environment alone asks for something by itself. */
async function contributionsOfShared(
  store: MetadataStore,
  { table, key }: RowRef,
): Promise<readonly StoredContribution[]> {
  if (table !== "Environments") return [];
  const { contributions } = await store.loadEnvironment(key);
  const firewall = await store.getStack(firewallStack(key, "databricks"));
  return [...contributions, ...(firewall === null ? [] : serviceAddressIn(firewall))];
}

/** Which rows of which subject ask a stack for what. */
export const contributionBody = (contribution: StoredContribution, record: StackRecord) => ({
  subject: subjectKey(contribution.subject),
  jobId: contribution.subject.kind === "job" ? contribution.subject.jobId : null,
  asks: uniqueEntries(contribution).map((entry) => ({
    ...entry.row,
    ask: entry.ask,
    objects: objectsOf(ownerOf(contribution, record), entry.item).map(({ sentence }) => sentence),
    admitted: contribution.admitted.some((each) => isSame(each, entry)),
  })),
});

const isSame = (a: Entry, b: Entry): boolean =>
  a.row.table === b.row.table &&
  a.row.key === b.row.key &&
  a.ask === b.ask &&
  JSON.stringify(a.item) === JSON.stringify(b.item);

const uniqueEntries = ({ admitted, wanted }: StoredContribution): readonly Entry[] => [
  ...admitted,
  ...wanted.filter((entry) => !admitted.some((each) => isSame(each, entry))),
];
