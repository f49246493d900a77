import { guardrail } from "./pieces.ts";
import { is, isNotSet, mayBe, settingFault } from "./settings.ts";

export const sqlSignIn = guardrail(
  {
    id: "sql-sign-in",
    invariant: "I12",
    title: "An SQL server knows Entra ID only, encrypts what it keeps, and calls nobody",
    reason: "SqlOpen",
    reference: "CKV2_AZURE_27, Azure.SQL.AADOnly, Azure.SQL.TDE",
    fix: "Use Entra-only authentication, without a login of its own, and restrict where it calls.",
  },
  (piece) =>
    settingFault(piece, {
      "SQL server": [
        is("azureADOnlyAuthentication", true),
        isNotSet("administratorLogin"),
        is("restrictOutboundNetworkAccess", "Enabled"),
      ],
      "SQL encryption": [mayBe("state", "Enabled")],
    }),
);
