/** Statements without what differs from call to call: how many rows, and of a row of people which table and columns. */
import { tableNames } from "../../metadata-schema/columns.ts";

const table = `(?:${tableNames.join("|")})`;

const shapes: readonly (readonly [pattern: RegExp, shape: string])[] = [
  [/^SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\n/, ""],
  [/\(@r\d+_[^)]*\)(,\n\(@r\d+_[^)]*\))*/g, "(a row), …"],
  [new RegExp(`^INSERT INTO ${table} \\([^)]*\\) VALUES \\(@v_[^)]*\\)$`), "INSERT INTO <table> …"],
  [new RegExp(`^INSERT INTO ${table} DEFAULT VALUES$`), "INSERT INTO <table> DEFAULT VALUES"],
  [new RegExp(`^UPDATE ${table} SET .*@v_.*\nWHERE \\w+ = @key$`), "UPDATE <table> …"],
  [new RegExp(`^DELETE FROM ${table} WHERE \\w+ = @key$`), "DELETE FROM <table> …"],
  [
    new RegExp(`^SELECT \\* FROM ${table} WITH \\(UPDLOCK, HOLDLOCK\\) WHERE \\w+ = @key$`),
    "SELECT FROM <table> … to change it",
  ],
  [new RegExp(`^(SELECT \\* FROM ${table} ORDER BY \\w+(;\n)?)+$`), "SELECT FROM <tables>"],
  [
    new RegExp(`^(SELECT \\* FROM ${table} WHERE job_id = @jobId ORDER BY \\w+(;\n)?)+$`),
    "SELECT FROM <tables> of a job",
  ],
];

export const shapeOf = (statement: string): string =>
  shapes.reduce((text, [pattern, shape]) => text.replace(pattern, shape).trim(), statement);
