/** What a proof ends with: whether nothing was breached, and the home, which is kept if anything was. */
export interface Proof {
  readonly ok: boolean;
  readonly home: string;
}
