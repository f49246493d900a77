import { guardrail } from "./pieces.ts";
import { is, settingFault } from "./settings.ts";

const rules = [is("firewall.defaultAction", "Deny"), is("firewall.bypass", "None", "AzureServices")];

export const firewallDefault = guardrail(
  {
    id: "firewall-default",
    invariant: "I6",
    title: "A firewall refuses whom it does not name, but for trusted Azure services",
    reason: "FirewallOpen",
    reference: "CKV_AZURE_35, CKV_AZURE_36, CKV_AZURE_109",
    fix: "Set its default action to Deny, and bypass to None or AzureServices.",
  },
  (piece) => settingFault(piece, { "key vault": rules, "storage account": rules }),
);
