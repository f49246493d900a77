/**
 * What guardrails judge. A piece is the smallest thing that can break a rule, whether it comes from a
 * contribution, a spec or a resource that is about to be registered.
 */
export type Piece =
  /** one permission of one row, with the row's role */
  | { readonly kind: "permission"; readonly role: string; readonly permission: string }
  | {
      readonly kind: "role-assignment";
      /** ARM id */
      readonly scope: string;
      /** GUID of the Azure role */
      readonly roleId: string;
      readonly principalType: string;
    }
  | {
      readonly kind: "firewall-range";
      /** IPv4 address or CIDR, as somebody wrote it */
      readonly range: string;
    };

/** That a piece breaks a guardrail. */
export interface Verdict {
  /** id of the guardrail */
  readonly guardrail: string;
  /** the fault, naming the thing */
  readonly message: string;
  /** what to do instead */
  readonly fix: string;
}

/** A rule that nobody's row may break. Pure: the same piece always gets the same verdict. */
export interface Guardrail {
  readonly id: string;
  readonly title: string;
  /** ids of the published rules behind it; empty where the rule is ours alone */
  readonly reference: string;
  /** null: the piece doesn't break this rule, or is of a kind that it says nothing about */
  judge(piece: Piece): Verdict | null;
}

/** Makes a guardrail whose verdicts carry its id. */
export function guardrail(
  about: { readonly id: string; readonly title: string; readonly reference: string },
  judge: (piece: Piece) => Omit<Verdict, "guardrail"> | null,
): Guardrail {
  return {
    ...about,
    judge: (piece) => {
      const fault = judge(piece);
      return fault === null ? null : { guardrail: about.id, ...fault };
    },
  };
}
