import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NameAnswer, NameQuery } from "../../../automation/reconcile/names-needed.ts";
import { resolveEnvironment } from "../../../automation/reconcile/resolve.ts";
import type { EnvironmentRow } from "../../../metadata-schema/rows.ts";
import {
  admittedIn,
  answers,
  environmentRow,
  environmentSnapshot,
  now,
  refusals,
  vaultId,
} from "../../support/snapshots.ts";

const user = (name: string, answer: NameAnswer): readonly [NameQuery, NameAnswer] => [
  { kind: "user", name },
  answer,
];
const resolve = (change: Partial<EnvironmentRow> = {}, with_ = answers()) =>
  resolveEnvironment(environmentSnapshot({ environment: environmentRow(change) }), with_, { seq: 1, now });

describe("resolve of an environment", () => {
  it("contributes its platform, with the vault it refers to", () => {
    const resolution = resolve();
    const [item] = admittedIn(resolution, "platform-eastus");
    assert.ok(item?.kind === "platform");
    assert.deepEqual(item.platform.vault, { mode: "referenced", id: vaultId });
    assert.deepEqual([refusals(resolution), resolution.wakeAt], [[], null]);
  });

  it("makes a vault of its own where none is named", () => {
    const [item] = admittedIn(resolve({ key_vault_id: null }), "platform-eastus");
    assert.ok(item?.kind === "platform" && item.platform.vault.mode === "own");
  });

  it("blocks an address space that cannot be cut and a service address that is too wide", () => {
    assert.deepEqual(refusals(resolve({ address_space: "10.20.0.0/28" })), [
      "Environments eastus Blocked InvalidAddressSpace",
    ]);
    assert.match(
      refusals(resolve({ service_address: "0.0.0.0/0" }))[0] ?? "",
      /^Environments eastus Blocked /,
    );
  });

  it("waits for a vault that is missing or cannot be asked for, and looks again", () => {
    const query = { kind: "resource", name: vaultId } as const;
    const missing = resolve({}, answers([query, { status: "missing" }]));
    assert.deepEqual(refusals(missing), ["Environments eastus Waiting VaultNotFound"]);
    assert.ok(missing.wakeAt !== null && missing.wakeAt > now);
    const away = resolve({}, answers([query, { status: "unavailable", message: "ARM is away" }]));
    assert.deepEqual(refusals(away), ["Environments eastus Waiting DirectoryUnavailable"]);
  });

  it("puts the members of its own group in by object id, sorted, and waits for one it cannot find", () => {
    const members = { own_group: "ds", own_group_members: ["b@x", "a@x"] };
    const known = [
      user("b@x", { status: "found", objectId: "1" }),
      user("a@x", { status: "found", objectId: "2" }),
    ];
    const [item] = admittedIn(resolve(members, answers(...known)), "platform-eastus");
    assert.ok(item?.kind === "platform");
    assert.deepEqual(item.platform.ownGroup, { displayName: "ds", memberObjectIds: ["1", "2"] });
    assert.deepEqual(refusals(resolve(members, answers(...known.slice(0, 1)))), [
      "Environments eastus Waiting UserNotFound",
    ]);
  });

  it("that is gone contributes nothing any more", () => {
    const gone = resolveEnvironment(environmentSnapshot({ environment: null }), answers(), { seq: 1, now });
    assert.deepEqual(gone.contributions, []);
  });
});
