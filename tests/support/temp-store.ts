/** A SQLite store in a folder of its own, removed at close unless the test asks to keep it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../metadata-schema/open-store.ts";
import type { MetadataStore } from "../../metadata-schema/store.ts";

export interface TempStore {
  readonly store: MetadataStore;
  readonly folder: string;
  readonly file: string;
  readonly url: string;
  close(options?: { readonly keep: boolean }): Promise<void>;
}

export async function openTempStore(options: { readonly clock?: { now(): Date } } = {}): Promise<TempStore> {
  const folder = await mkdtemp(join(tmpdir(), "metadata-"));
  const file = join(folder, "metadata.db");
  const url = `sqlite:${file}`;
  const store = await openStore({ url, ...options });
  return {
    store,
    folder,
    file,
    url,
    close: async ({ keep } = { keep: false }) => {
      await store.close();
      if (!keep) await rm(folder, { recursive: true });
    },
  };
}
