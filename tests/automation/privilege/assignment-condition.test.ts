import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  assignmentCondition,
  judgeCondition,
  readAssignmentCondition,
} from "../../../automation/privilege/assignment-condition.ts";

const [reader, secrets, owner] = [
  "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  "4633458b-17de-408a-b874-0445c86b69e6",
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
];

const service = "44444444-4444-4444-8444-4444444444ab";

/** As Microsoft's documentation of delegation lays conditions out. */
const documented = `
(
 (
  !(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})
 )
 OR
 (
  @Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${reader}, ${secrets}}
  AND
  @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'User', 'Group'}
 )
)
AND
(
 (
  !(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})
 )
 OR
 (
  @Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${reader}, ${secrets}}
  AND
  @Resource[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'User', 'Group'}
 )
)`;

function limits(text: string) {
  return readAssignmentCondition(text) ?? assert.fail(`it cannot be read: ${text}`);
}

describe("the condition of the service's right to assign roles", () => {
  it("names roles and types of principals, for what is added and for what is removed, and leaves the service itself out", () => {
    assert.equal(
      assignmentCondition([reader.toUpperCase(), secrets, reader], service.toUpperCase()),
      "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR " +
        `(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${secrets}, ${reader}} ` +
        "AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'Group', 'ServicePrincipal'} " +
        `AND @Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${service}})) AND ` +
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR " +
        `(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${secrets}, ${reader}} ` +
        "AND @Resource[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'Group', 'ServicePrincipal'}))",
    );
    assert.throws(() => assignmentCondition([], service), RangeError);
  });

  it("is read back, also as the documentation lays it out, and with its clauses the other way round", () => {
    const own = limits(assignmentCondition([reader, secrets], service));
    const both = { roleIds: [secrets, reader], principalTypes: ["group", "serviceprincipal"] };
    assert.deepEqual(own, { write: { ...both, exceptIds: [service] }, delete: both });
    assert.deepEqual(limits(documented).write, {
      roleIds: [reader, secrets],
      principalTypes: ["user", "group"],
      exceptIds: [],
    });
    const [first = "", second = ""] = assignmentCondition([reader], service).split(" AND ((");
    const { write } = limits(`((${second} AND ${first}`);
    assert.deepEqual([write.roleIds, write.exceptIds], [[reader], [service]]);
  });

  it("of any other form is not judged", () => {
    for (const text of [
      "",
      "true",
      `${assignmentCondition([reader], service)} OR (true)`,
      assignmentCondition([reader], service).replace("GuidEquals", "GuidNotEquals"),
      // Of several values, one that differs would be enough.
      assignmentCondition([reader], service).replace("AnyOfAllValues", "AnyOfAnyValues"),
      assignmentCondition([reader], service).replace("@Resource", "@Request"),
      assignmentCondition([reader], service).split(" AND ((!")[0] ?? "",
    ])
      assert.equal(readAssignmentCondition(text), null, text);
  });

  it("is judged by what it allows beyond what is needed, and what it lacks", () => {
    const judge = (text: string) => judgeCondition(limits(text), [reader, secrets], service);
    assert.deepEqual(judge(assignmentCondition([reader, secrets], service)), { wider: [], missing: [] });
    assert.deepEqual(judge(assignmentCondition([reader, secrets, owner], service)), {
      wider: [owner],
      missing: [],
    });
    assert.deepEqual(judge(assignmentCondition([reader], service)), { wider: [], missing: [secrets] });
    assert.deepEqual(judge(documented), {
      wider: ["user", "the service itself"],
      missing: ["serviceprincipal"],
    });
    const anybody = documented.replace(/\s+AND\s+@\w+\[[^\]]*PrincipalType\][^}]*\}/g, "");
    assert.deepEqual(judge(anybody), {
      wider: ["principals of any type", "the service itself"],
      missing: [],
    });
    // What may be added is narrow, what may be removed is not: a stranger's access could be taken away.
    const half = assignmentCondition([reader, secrets], service).replace(
      /(.*)\{(4633[^}]*)\}/,
      `$1{$2, ${owner}}`,
    );
    assert.deepEqual(judge(half), { wider: [owner], missing: [] });
  });

  it("that lets the service give roles to itself is too wide, and one that leaves others out too narrow", () => {
    const judge = (text: string) => judgeCondition(limits(text), [reader], service);
    const own = assignmentCondition([reader], service);
    const anybody = own.replace(/ AND @Request\[[^\]]*PrincipalId\][^}]*\}/, "");
    assert.deepEqual(judge(anybody), { wider: ["the service itself"], missing: [] });
    const other = "66666666-6666-4666-8666-666666666666";
    assert.deepEqual(judge(assignmentCondition([reader], other)), {
      wider: ["the service itself"],
      missing: [`principal ${other}`],
    });
    const both = own.replace(service, `${other}, ${service}`);
    assert.deepEqual(judge(both), { wider: [], missing: [`principal ${other}`] });
  });
});
