import { type Body, textAt } from "../json.ts";
import type { ArmCall } from "./arm-type.ts";

/** Who made an object and changed it last, where ARM shows it. */
export function systemDataOf({ ctx, before }: ArmCall): Body {
  const now = new Date().toISOString();
  return {
    createdAt: textAt(before?.body, "systemData.createdAt") || now,
    createdBy: textAt(before?.body, "systemData.createdBy") || ctx.tenant.deployerId,
    createdByType: "Application",
    lastModifiedAt: now,
    lastModifiedBy: ctx.tenant.deployerId,
    lastModifiedByType: "Application",
  };
}
