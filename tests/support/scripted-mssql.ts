/** A connection without a server: it writes down what a store sends, and answers with rows that a test gives. */

import type { MetadataStore } from "../../metadata-schema/store.ts";
import type {
  EditActor,
  Parameters,
  Row,
  Transaction,
} from "../../metadata-schema/stores/mssql/connection.ts";
import { type StoreConnection, storeOver } from "../../metadata-schema/stores/mssql/store.ts";

type RowLists = readonly (readonly Row[])[];

/**
 * To each statement that matches: lists of rows, one for each SELECT, or how many rows it changes. `times`: how
 * often it was asked before.
 */
export type Answer = readonly [pattern: RegExp, answer: RowLists | number | ((times: number) => RowLists)];

export interface Sent {
  /** query, read or write, and for whom */
  readonly how: string;
  readonly text: string;
  readonly parameters: Parameters;
}

export const scriptedNow = "2026-03-01T08:00:00.000Z";

export function scriptedStore(answers: readonly Answer[]): {
  readonly store: MetadataStore;
  readonly sent: readonly Sent[];
} {
  const sent: Sent[] = [];
  const asked = new Map<Answer, number>();
  const transaction = (how: string): Transaction => {
    const send = (text: string, parameters: Parameters = {}) => {
      sent.push({ how, text, parameters });
      const found = answers.find(([pattern]) => pattern.test(text));
      if (found === undefined) return undefined;
      const times = asked.get(found) ?? 0;
      asked.set(found, times + 1);
      return typeof found[1] === "function" ? found[1](times) : found[1];
    };
    const lists = (text: string, parameters?: Parameters) => {
      const answer = send(text, parameters);
      return typeof answer === "object" ? answer : [];
    };
    return {
      now: scriptedNow,
      all: async (text, parameters) => lists(text, parameters)[0] ?? [],
      get: async (text, parameters) => lists(text, parameters)[0]?.[0],
      lists: async (text, parameters) => lists(text, parameters),
      run: async (text, parameters) => {
        const answer = send(text, parameters);
        return typeof answer === "number" ? answer : 1;
      },
    };
  };
  const connection: StoreConnection = {
    query: (work) => work(transaction("query")),
    read: (work) => work(transaction("read")),
    write: (work, actor?: EditActor) =>
      work(transaction(actor === undefined ? "write" : `write as ${actor.kind} ${actor.name}`)),
    ping: async () => {},
    close: async () => {},
  };
  return { store: storeOver(connection), sent };
}
