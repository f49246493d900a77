import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  deniedRoles,
  findDeniedRole,
  findGrantableRole,
  grantableRoles,
} from "../../../program/layout/azure-roles.ts";
import { customRoleId, factoryId, metricsTableId, vaultId } from "../../../program/layout/names.ts";
import {
  type Grant,
  type GrantTarget,
  grantsFor,
  isPermission,
  knownPermissions,
  levelRank,
  roleBundles,
} from "../../../program/layout/role-matrix.ts";
import { judge } from "../../../program/policies/judge.ts";
import { environment } from "../support/specs.ts";

const target: GrantTarget = {
  environment,
  jobId: 201,
  online: false,
  model: "ml.models.churn",
  catalog: "main",
  schema: "features",
};
const granted = (permission: string, about: GrantTarget = target): readonly Grant[] => {
  const result = grantsFor(permission, about);
  return result.status === "granted" ? result.grants : assert.fail(`${permission} is ${result.status}`);
};
const unity = (securable: string, name: string, ...privileges: string[]) => ({
  kind: "unity-grant",
  securable,
  name,
  privileges,
});

describe("what a permission becomes", () => {
  it("execute_inference starts the job and touches no data", () => {
    assert.deepEqual(granted("execute_inference"), [
      { kind: "object-permission", objectType: "job", level: "CAN_MANAGE_RUN" },
    ]);
  });

  it("read_model opens the model and the way to it in its own catalog and schema", () => {
    assert.deepEqual(granted("read_model"), [
      unity("model", "ml.models.churn", "EXECUTE"),
      unity("schema", "ml.models", "USE_SCHEMA"),
      unity("catalog", "ml", "USE_CATALOG"),
    ]);
  });

  it("discover_model shows that the model exists", () => {
    assert.deepEqual(granted("discover_model"), [unity("catalog", "ml", "BROWSE")]);
  });

  it("read_data opens the environment's schema", () => {
    assert.deepEqual(granted("read_data"), [
      unity("schema", "main.features", "SELECT", "USE_SCHEMA"),
      unity("catalog", "main", "USE_CATALOG"),
    ]);
  });

  it("use_compute opens the job's cluster policy", () => {
    assert.deepEqual(granted("use_compute"), [
      { kind: "object-permission", objectType: "cluster-policy", level: "CAN_USE" },
    ]);
  });

  it("list_secrets reads the names of the vault's secrets", () => {
    const { name: roleName, id: roleId } = grantableRoles.keyVaultReader;
    assert.deepEqual(granted("list_secrets"), [
      { kind: "role-assignment", scope: vaultId(environment), roleId, roleName },
    ]);
  });

  it("run_pipeline is the factory's own role, and nothing that changes a pipeline", () => {
    const scope = factoryId(environment);
    const roleId = customRoleId("pipelineOperator", scope);
    assert.deepEqual(granted("run_pipeline"), [
      { kind: "role-assignment", scope, roleId, roleName: "Pipeline Operator" },
    ]);
    assert.equal(findGrantableRole(roleId, scope)?.name, "Pipeline Operator");
    assert.equal(findGrantableRole(roleId, `${scope}x`), undefined);
  });

  it("view_monitoring shows the table of metrics, and the job's runs or its endpoint", () => {
    const { name: roleName, id: roleId } = grantableRoles.logAnalyticsDataReader;
    const table = { kind: "role-assignment", scope: metricsTableId(environment), roleId, roleName };
    const level = { kind: "object-permission", level: "CAN_VIEW" };
    assert.deepEqual(granted("view_monitoring"), [table, { ...level, objectType: "job" }]);
    assert.deepEqual(granted("view_monitoring", { ...target, online: true }), [
      table,
      { ...level, objectType: "serving-endpoint" },
    ]);
  });

  it("of an online job is on its endpoint, where a batch job's is on its job", () => {
    const online = { ...target, online: true };
    assert.deepEqual(granted("execute_inference", online), [
      { kind: "object-permission", objectType: "serving-endpoint", level: "CAN_QUERY" },
    ]);
    for (const permission of ["use_compute", "train_model"]) {
      assert.deepEqual(grantsFor(permission, online), {
        status: "unavailable",
        reason: "it needs a batch job, and this one is online",
      });
    }
  });

  it("edit_pipeline becomes a role of our own, which a guardrail refuses for what it does", () => {
    const [verdict] = granted("edit_pipeline").flatMap((grant) =>
      grant.kind === "role-assignment" ? judge({ ...grant, principalType: "Group" }) : [],
    );
    assert.equal(verdict?.guardrail, "pipeline-write");
    assert.match(verdict.message, /Pipeline Editor .*factories\/pipelines\/write/);
  });

  for (const permission of ["manage_network", "manage_data_acls"]) {
    it(`${permission} becomes a grant that a guardrail refuses with the Azure role's reason`, () => {
      const verdicts = granted(permission).flatMap((grant) =>
        grant.kind === "role-assignment" ? judge({ ...grant, principalType: "Group" }) : [],
      );
      assert.deepEqual(
        verdicts.map((verdict) => verdict.guardrail),
        ["denied-azure-role"],
      );
    });
  }

  it("a model that is not a three-level name can't be opened, and the reason says how to write it", () => {
    for (const model of ["churn", "ml.churn", "ml..churn", "a.b.c.d", ""]) {
      for (const permission of ["read_model", "discover_model"]) {
        const result = grantsFor(permission, { ...target, model });
        assert.ok(result.status === "unavailable");
        assert.match(result.reason, /write catalog\.schema\.model/);
      }
    }
  });

  it("a permission that no row can give is unavailable, and the reason names who has it or gives it", () => {
    assert.deepEqual(grantsFor("read_secret", target), {
      status: "unavailable",
      reason:
        "read_secret needs the job's own identity, which gets it from Secret_References; a group can't hold it",
    });
  });

  it("a word that nobody defined is unknown, names of object members too", () => {
    for (const word of ["fly", "toString", "__proto__", "Read_Model", ""]) {
      assert.deepEqual(grantsFor(word, target), { status: "unknown" });
    }
  });

  it("every known permission has an answer", () => {
    for (const permission of knownPermissions)
      assert.notEqual(grantsFor(permission, target).status, "unknown");
  });
});

describe("role bundles", () => {
  it("hold known permissions only", () => {
    for (const permission of Object.values(roleBundles).flat())
      assert.ok(isPermission(permission), permission);
  });

  it("lead to no refused Azure role but by what administrators and editors of pipelines ask for", () => {
    const refused = [...new Set(Object.values(roleBundles).flat())].filter((permission) => {
      const result = grantsFor(permission, target);
      const grants = result.status === "granted" ? result.grants : [];
      return grants.some(
        (grant) => grant.kind === "role-assignment" && judge({ ...grant, principalType: "Group" }).length > 0,
      );
    });
    assert.deepEqual(refused.sort(), ["edit_pipeline", "manage_data_acls", "manage_network"]);
  });
});

describe("levels", () => {
  it("rank by what they allow", () => {
    const job = ["IS_OWNER", "CAN_VIEW", "CAN_MANAGE", "CAN_MANAGE_RUN"];
    assert.deepEqual(
      job.toSorted((a, b) => levelRank("job", a) - levelRank("job", b)),
      ["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"],
    );
    assert.equal(levelRank("cluster-policy", "CAN_USE"), 0);
  });

  it("of another kind of object are refused", () => {
    assert.throws(() => levelRank("job", "CAN_RUN"), /a job has no level CAN_RUN; levels: CAN_VIEW/);
    assert.throws(() => levelRank("cluster-policy", "CAN_MANAGE_RUN"), RangeError);
  });
});

describe("Azure roles", () => {
  it("are on one list only, each once, by lower-case GUID", () => {
    const ids = [...Object.values(grantableRoles), ...Object.values(deniedRoles)].map((role) => role.id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("are found whatever the case of the GUID", () => {
    assert.equal(findDeniedRole(deniedRoles.owner.id.toUpperCase())?.name, "Owner");
    assert.equal(
      findGrantableRole(grantableRoles.keyVaultReader.id.toUpperCase(), "/x")?.name,
      "Key Vault Reader",
    );
    assert.equal(findGrantableRole(deniedRoles.owner.id, "/x"), undefined);
  });
});
