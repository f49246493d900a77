import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressForPeople, parseServerAddress } from "../../metadata-schema/stores/mssql/server-address.ts";

/** The parts that a test compares. */
function partsOf(url: string) {
  const { server, port, database, user, password, options } = parseServerAddress(url);
  return { server, port, database, user, password, options };
}

const whole = {
  server: "sql.contoso.example",
  port: 1433,
  database: "metadata",
  user: "rowgate",
  password: "geheim",
  options: { encrypt: true, trustServerCertificate: false },
};
const withoutUser = { ...whole, user: undefined, password: undefined, options: { encrypt: true } };

describe("the address of a database server", () => {
  it("is a URL", () => {
    const url =
      "mssql://rowgate:geheim@sql.contoso.example:1433/metadata?encrypt=true&trustServerCertificate=false";
    assert.deepEqual(partsOf(url), whole);
    assert.deepEqual(partsOf("mssql://sql.contoso.example/metadata"), withoutUser);
    assert.deepEqual(partsOf("MSSQL://sql.contoso.example?database=metadata"), withoutUser);
    assert.equal(partsOf("mssql://[fd00::5]:1500/metadata").server, "fd00::5");
  });

  it("is a URL with properties behind semicolons", () => {
    assert.deepEqual(
      partsOf(
        "sqlserver://sql.contoso.example:1433;database=metadata;user=rowgate;password=geheim;encrypt=true;trustServerCertificate=false",
      ),
      whole,
    );
    assert.deepEqual(partsOf("sqlserver://sql.contoso.example;databaseName=metadata"), withoutUser);
    assert.equal(partsOf("sqlserver://h;database=m;userName=u;password={a;b=c}").password, "a;b=c");
  });

  it("is a connection string", () => {
    assert.deepEqual(
      partsOf(
        "Server=sql.contoso.example,1433;Database=metadata;User Id=rowgate;Password=geheim;Encrypt=true;TrustServerCertificate=False",
      ),
      whole,
    );
    assert.deepEqual(
      partsOf(
        'Server=tcp:sql.contoso.example,1433;Initial Catalog=metadata;User ID=rowgate;Password="geheim";Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;',
      ),
      whole,
    );
    assert.deepEqual(partsOf("Data Source=sql.contoso.example;Initial Catalog=metadata"), withoutUser);
  });

  it("is encrypted unless it says otherwise in so many words", () => {
    for (const url of [
      "mssql://h/m",
      "sqlserver://h;database=m",
      "Server=h;Database=m",
      "Server=h;Database=m;Encrypt=Strict",
    ])
      assert.equal(partsOf(url).options?.encrypt, true, url);
    for (const url of [
      "mssql://h/m?encrypt=false",
      "sqlserver://h;database=m;encrypt=false",
      "Server=h;Database=m;Encrypt=False",
    ])
      assert.equal(partsOf(url).options?.encrypt, false, url);
  });

  it("a password's characters are decoded", () => {
    const { user, password } = partsOf("mssql://svc%40corp:p%40ss%3A%2F%3F%23%25%20w@h/m");
    assert.equal(user, "svc@corp");
    assert.equal(password, "p@ss:/?#% w");
  });

  it("a part at fault is named, the password never", () => {
    const faults: readonly (readonly [url: string, words: RegExp])[] = [
      ["mssql://svc:geheim@h", /names no database/],
      ["mssql:///m", /names no server/],
      ["mssql://svc:geheim@h/m?encrypt=perhaps", /encrypt=perhaps; it must be true or false/],
      ["mssql://svc:geheim#1@h/m", /Encode % : \/ \? # @ in a password/],
      ["mssql://svc:geheim/1@h/m", /Encode/],
      ["mssql://svc:geheim100%@h/m", /Encode/],
      ["mssql://svc:geheim@h:notaport/m", /Encode/],
      ["sqlserver://svc:geheim@h;database=m", /names a user before the server/],
      ["sqlserver://h;user=svc;password=geheim", /names no database/],
      ["Server=h,notaport;Database=m;Password=geheim", /port that is no number/],
      ["Server=h;User Id=svc;Password=geheim", /names no database/],
      ['Server=h;Database=m;Password="geheim', /terminated unexpectedly/],
    ];
    for (const [url, words] of faults)
      assert.throws(
        () => parseServerAddress(url),
        (error: unknown) => {
          assert.ok(error instanceof Error);
          assert.match(error.message, words);
          assert.doesNotMatch(error.message, /geheim/);
          return true;
        },
        url,
      );
  });

  it("people read server and database, and a port that is not the usual one", () => {
    const url = (port: number) => parseServerAddress(`mssql://svc:geheim@h:${port}/m`);
    assert.equal(addressForPeople(url(1433)), "h/m");
    assert.equal(addressForPeople(url(1444)), "h:1444/m");
  });
});
