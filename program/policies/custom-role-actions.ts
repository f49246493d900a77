import { customRoleRules } from "../layout/azure-roles.ts";
import { guardrail } from "./pieces.ts";

const faults: readonly { readonly pattern: RegExp; readonly because: string }[] = [
  { pattern: /[^\w./*]/, because: "it is not the name of an action" },
  { pattern: /\*/, because: "nobody can tell all that it does" },
  { pattern: /^Microsoft\.Authorization\/.*(?:write|delete|action)$/i, because: "it gives access" },
  { pattern: /\/list(?:account)?(?:keys|sas|servicesas|authkeys)\/action$/i, because: "it reads keys" },
  { pattern: /\/regenerate\w*\/action$/i, because: "it makes keys" },
];

const writesPipelines = /^Microsoft\.DataFactory\/factories\/pipelines\/write$/i;
/** Nobody holds it without an exception, see pipeline-write. */
const isEditor = (actions: readonly string[]): boolean => {
  const own: readonly string[] = customRoleRules.pipelineEditor.actions;
  return actions.length === own.length && actions.every((action) => own.includes(action));
};

export const customRoleActions = guardrail(
  {
    id: "custom-role-actions",
    invariant: "I2",
    title: "A role of our own names each thing it does, and none of them gives access or keys",
    reason: "RoleTooPowerful",
    reference: "CKV_AZURE_39",
    fix: "Name the actions one by one, and leave this one out.",
  },
  (piece) => {
    if (piece.kind !== "role-definition") return null;
    for (const action of piece.actions) {
      const fault = faults.find(({ pattern }) => pattern.test(action));
      if (fault) return { message: `Role ${piece.name} has action ${action}: ${fault.because}.` };
      if (writesPipelines.test(action) && !isEditor(piece.actions))
        return { message: `Role ${piece.name} has action ${action}, which only the Pipeline Editor has.` };
    }
    return null;
  },
);
