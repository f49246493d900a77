/** Environments row → the entry of its platform stack. */
import type { PlatformPart } from "../../metadata-schema/contributions.ts";
import { type EnvironmentRow, type RowRef, rowName } from "../../metadata-schema/rows.ts";
import { planAddresses } from "../../program/layout/address-plan.ts";
import { platformStack } from "../../program/layout/names.ts";
import { judge } from "../../program/policies/judge.ts";
import { environmentFacts, vaultOf } from "./environment.ts";
import type { Answers } from "./names-needed.ts";
import { asksForAll, blocked, good, type Refusal, type RowOutcome, refused, waiting } from "./outcome.ts";

const ask = "platform";

export function resolveEnvironmentRow(environment: EnvironmentRow, answers: Answers): RowOutcome {
  const row: RowRef = { table: "Environments", key: environment.name };
  const members = memberIds(environment, row, answers);
  const refusal = refusedEnvironment(environment, answers) ?? ("type" in members ? members : null);
  if (refusal !== null || "type" in members) return refused(row, refusal ?? (members as Refusal), asksForAll);
  const platform: PlatformPart = {
    addressSpace: environment.address_space,
    vault: vaultOf(environment).choice,
    ownGroup:
      environment.own_group === null
        ? null
        : { displayName: environment.own_group, memberObjectIds: members.ids.toSorted() },
  };
  const facts = environmentFacts(environment);
  const target = {
    stack: platformStack(facts.name),
    kind: "platform",
    base: { kind: "platform", environment: facts },
    references: [],
  } as const;
  return good(row, [{ target, entry: { row, ask, item: { kind: "platform", platform } } }]);
}

/** Why nothing may be built from this row now; null: it is good. Its own group's members are not looked at. */
export function refusedEnvironment(environment: EnvironmentRow, answers: Answers): Refusal | null {
  const row: RowRef = { table: "Environments", key: environment.name };
  const addresses = planAddresses(environment.address_space);
  if (addresses.status === "refused") {
    return blocked("InvalidAddressSpace", `${rowName(row)}, address_space: ${addresses.reason}.`);
  }
  const [verdict] = judge({ kind: "firewall-range", range: environment.service_address });
  if (verdict !== undefined) {
    return blocked(verdict.guardrail, `${rowName(row)}, service_address: ${verdict.message} ${verdict.fix}`);
  }
  const id = environment.key_vault_id;
  if (id === null) return null;
  const answer = answers.of({ kind: "resource", name: id });
  if (answer.status === "found") return null;
  const where = `${rowName(row)}, key_vault_id: `;
  return answer.status === "unavailable"
    ? waiting("DirectoryUnavailable", `${where}the vault could not be looked up: ${answer.message}.`)
    : waiting(
        "VaultNotFound",
        `${where}no vault has this id. Create it or mend the id; it is looked up again.`,
      );
}

function memberIds(environment: EnvironmentRow, row: RowRef, answers: Answers): { ids: string[] } | Refusal {
  if (environment.own_group === null) return { ids: [] };
  const ids: string[] = [];
  for (const name of environment.own_group_members) {
    const answer = answers.of({ kind: "user", name });
    if (answer.status === "found") ids.push(answer.objectId);
    else {
      return waiting(
        "UserNotFound",
        `${rowName(row)}, own_group_members: "${name}" is not one person in the directory (${answer.status}). Mend the name; it is looked up again.`,
      );
    }
  }
  return { ids };
}
