/** What doctor tells of one thing. */
export type Finding = { readonly area: string; readonly check: string; readonly message: string } & (
  | { readonly status: "ok" }
  /** a first run would fail; `fix` is the next step */
  | { readonly status: "fault"; readonly fix: string }
  /** nobody can tell from here, and why */
  | { readonly status: "not checked" }
);

/** Findings about one thing, e.g. `environment eastus`. */
export const inArea = (area: string) => ({
  ok: (check: string, message: string): Finding => ({ area, check, message, status: "ok" }),
  fault: (check: string, message: string, fix: string): Finding => ({
    area,
    check,
    message,
    status: "fault",
    fix,
  }),
  unchecked: (check: string, message: string): Finding => ({ area, check, message, status: "not checked" }),
});
export type Area = ReturnType<typeof inArea>;

export const sandboxOnly = "the simulated clouds do not answer this";
