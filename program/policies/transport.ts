import { guardrail } from "./pieces.ts";
import { is, settingFault } from "./settings.ts";

export const transport = guardrail(
  {
    id: "transport",
    invariant: "I7",
    title: "Nothing answers in clear, or with TLS older than 1.2",
    reason: "WeakTransport",
    reference:
      "CKV_AZURE_3, CKV_AZURE_44, CKV_AZURE_52, Azure.Storage.MinTLS, Azure.SQL.MinTLS, Azure.Storage.SecureTransfer",
    fix: "Ask for TLS 1.2 and HTTPS.",
  },
  (piece) =>
    settingFault(piece, {
      "storage account": [is("minimumTlsVersion", "TLS1_2", "TLS1_3"), is("httpsOnly", true)],
      "SQL server": [is("minimalTlsVersion", "1.2", "1.3")],
    }),
);
