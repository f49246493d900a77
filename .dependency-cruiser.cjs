/** Who may import whom. A breach fails `npm run check`; tests/house/import-rules.test.ts proves that it does. */

const room = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from,
  to: { pathNot: [...allowed, "^node:", "^node_modules"], dependencyTypesNot: ["core"] },
});

const vocabulary =
  "^metadata-schema/((canonical-json|column|columns|desired-state|plain-text|rows|row-values|records|contributions|errors|store)\\.ts$|documents/)";
const pureProgram = "^program/(layout|policies|adoption)/";
const tiny = "^automation/(log|clock|errors)\\.ts$";
// What is told to who observes, and the ids under which: no metric, span or package is behind it.
const observed = "^automation/observe/(run-observer|observed-run|call-observer|trace-ids)\\.ts$";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: "(^|/)[^/]+\\.d\\.ts$|\\.cjs$" },
      to: {},
    },
    {
      name: "nobody-imports-tests",
      severity: "error",
      from: { pathNot: "^tests/" },
      to: { path: "^tests/" },
    },
    room(
      "metadata-schema-imports-no-other-room",
      { path: "^metadata-schema/" },
      ["^metadata-schema/"],
      "the vocabulary knows nobody",
    ),
    {
      name: "drivers-only-inside-stores",
      severity: "error",
      from: {
        path: "^(metadata-schema|automation|program)/",
        pathNot:
          "^(metadata-schema/stores/|automation/simulators/|automation/(home-lock|upkeep/copy-database)\\.ts$)",
      },
      to: { path: "^(node:)?sqlite$|node_modules/mssql" },
    },
    room(
      "layout-and-policies-are-pure",
      { path: pureProgram },
      [
        "^program/layout/",
        "^program/policies/",
        "^program/adoption/",
        "^metadata-schema/desired-state\\.ts$",
      ],
      "a guardrail judges a piece of a spec and nothing else; adoption asks nobody itself",
    ),
    {
      name: "no-pulumi-in-pure-rooms",
      severity: "error",
      from: { path: ["^metadata-schema/", pureProgram, "^automation/(reconcile|queue|http|directory|cli)/"] },
      to: { path: "node_modules/@pulumi/" },
    },
    room(
      "program-knows-specs-only",
      { path: "^program/" },
      ["^program/", "^metadata-schema/desired-state\\.ts$"],
      "no database, HTTP, queue or clock",
    ),
    room(
      "queue-and-reconcile",
      { path: "^automation/(queue|reconcile)/" },
      [
        "^automation/(queue|reconcile)/",
        "^automation/engine/engine\\.ts$",
        vocabulary,
        pureProgram,
        observed,
        tiny,
      ],
      "they see the engine and the store as interfaces",
    ),
    room(
      "access",
      { path: "^automation/access/" },
      [
        "^automation/access/",
        "^automation/reconcile/environment\\.ts$",
        "^program/layout/names\\.ts$",
        vocabulary,
        tiny,
      ],
      "what rows mean, said a second time: it knows neither the program's mapping nor the resolver",
    ),
    room(
      "http",
      { path: "^automation/http/" },
      [
        "^automation/http/",
        "^automation/access/",
        "^automation/reconcile/environment\\.ts$",
        vocabulary,
        "^program/layout/",
        observed,
        tiny,
      ],
      "services are handed in",
    ),
    room(
      "directory",
      { path: "^automation/directory/" },
      [
        "^automation/directory/",
        "^automation/reconcile/names-needed\\.ts$",
        "^automation/azure/",
        vocabulary,
        tiny,
      ],
      "",
    ),
    room(
      "azure",
      { path: "^automation/azure/" },
      ["^automation/azure/", tiny],
      "calls to Azure that Pulumi does not make",
    ),
    room(
      "alerts",
      { path: "^automation/alerts/" },
      ["^automation/alerts/", "^automation/azure/", vocabulary, tiny],
      "what Azure Monitor tells, asked again of Azure",
    ),
    room(
      "probes",
      { path: "^automation/probes/" },
      ["^automation/probes/", "^automation/azure/", "^program/layout/", vocabulary, tiny],
      "they see the network, Azure and the store, handed in, and nothing else",
    ),
    room(
      "engine",
      {
        path: "^automation/engine/",
        pathNot: "^automation/engine/(run-stack|child-entry|foreseen-creates)\\.ts$",
      },
      ["^automation/engine/", "^program/adoption/", vocabulary, observed, tiny],
      "only the child side imports the program; how objects are found again is pure",
    ),
    room(
      "observe",
      { path: "^automation/observe/" },
      ["^automation/observe/", vocabulary, tiny],
      "it is told and asks nobody; what a scrape reads is handed in",
    ),
    {
      name: "only-otlp-loads-opentelemetry",
      comment: "and it is loaded only where traces are asked for",
      severity: "error",
      from: { path: "^automation/", pathNot: "^automation/observe/otlp\\.ts$" },
      to: {
        path: "node_modules/@opentelemetry/|^automation/observe/otlp\\.ts$",
        dependencyTypesNot: ["dynamic-import"],
      },
    },
    {
      name: "parent-never-imports-pulumi",
      comment: "the SDKs weigh 135 MB: only a child, which is forked, has them",
      severity: "error",
      from: { path: "^automation/(app|main)\\.ts$" },
      to: { path: "node_modules/@pulumi/", reachable: true },
    },
    room(
      "cli",
      { path: "^automation/cli/", pathNot: "^automation/cli/(db|backup|bootstrap|doctor)\\.ts$" },
      [
        "^automation/cli/",
        "^automation/http/contract\\.ts$",
        "^automation/access/(access-words|compare-access)\\.ts$",
        "^automation/service-file\\.ts$",
        tiny,
      ],
      "talks HTTP, in the shapes of its contract, to where the service says it is",
    ),
    room(
      "cli-db",
      { path: "^automation/cli/db\\.ts$" },
      ["^automation/cli/", "^metadata-schema/open-migrations\\.ts$", tiny],
      "the schema is looked at and brought up to date without a service",
    ),
    room(
      "cli-azure",
      { path: "^automation/cli/(bootstrap|doctor)\\.ts$" },
      [
        "^automation/cli/",
        "^automation/(azure|privilege|doctor)/",
        "^automation/http/contract\\.ts$",
        "^metadata-schema/documents/",
        tiny,
      ],
      "a first run on Azure is prepared and checked without a service",
    ),
    room(
      "privilege",
      { path: "^automation/privilege/" },
      ["^automation/privilege/", "^automation/azure/", "^program/layout/", vocabulary, tiny],
      "what the service needs is planned from what the program makes",
    ),
    room(
      "doctor",
      { path: "^automation/doctor/" },
      [
        "^automation/(doctor|privilege|azure|setup)/",
        "^automation/(config|host-health|versions|engine/plugins)\\.ts$",
        "^metadata-schema/(open-store|open-migrations)\\.ts$",
        "^program/layout/",
        vocabulary,
        tiny,
      ],
      "it looks at everything that a first run needs, and starts nothing",
    ),
    room(
      "cli-backup",
      { path: "^automation/cli/backup\\.ts$" },
      ["^automation/cli/", "^automation/upkeep/(backup|restore)\\.ts$", tiny],
      "a home is backed up and restored without its service",
    ),
    room(
      "upkeep",
      { path: "^automation/upkeep/" },
      [
        "^automation/upkeep/",
        "^automation/(home-lock|engine/(stack-files|processes))\\.ts$",
        "^metadata-schema/(open-migrations|store-address)\\.ts$",
        vocabulary,
        tiny,
      ],
      "it keeps files; what the database must forget is handed in",
    ),
    room(
      "simulators",
      { path: "^automation/simulators/" },
      ["^automation/simulators/", "^automation/access/access-words\\.ts$"],
      "a process of its own; it shares the words of access, and nothing that leads to them",
    ),
    {
      name: "nobody-imports-simulators",
      severity: "error",
      from: {
        path: "^(automation|program|metadata-schema)/",
        pathNot: "^automation/(simulators/|generated-files\\.ts$)",
      },
      to: { path: "^automation/simulators/" },
    },
    {
      name: "only-the-generator-reads-the-sdks",
      comment: "what runs reads the declarations that are checked in: no compiler, no SDK",
      severity: "error",
      from: { pathNot: "^(automation/(generated-files|simulators/declared/declare)\\.ts$|tests/)" },
      to: { path: "^automation/simulators/declared/(declare|declared-types|sdk-files)\\.ts$" },
    },
    {
      name: "generated-files-takes-only-declarations-from-simulators",
      severity: "error",
      from: { path: "^automation/generated-files\\.ts$" },
      to: { path: "^automation/simulators/", pathNot: "^automation/simulators/declared/declare\\.ts$" },
    },
    {
      name: "only-server-imports-express",
      severity: "error",
      from: { path: "^automation/", pathNot: "^automation/http/server\\.ts$" },
      to: { path: "node_modules/express/" },
    },
    {
      name: "no-unlisted-packages",
      comment: "generating is a developer's work, and takes TypeScript itself",
      severity: "error",
      from: {
        path: "^(automation|program|metadata-schema)/",
        pathNot: "^automation/simulators/declared/(declare|sdk-files)\\.ts$",
      },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"], pathNot: "node_modules/@types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    exclude: { path: "^\\.rowgate/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "types"],
    },
  },
};
