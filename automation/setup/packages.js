import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, delimiter, dirname, join, sep } from "node:path";
import { findOnPath, isExecutableFile, lastLines, runCommand } from "./command.js";
import { isMissing, SetupError } from "./fault.js";
import { withLock } from "./lock.js";
import { withHeartbeat } from "./progress.js";

/**
 * The packages of package-lock.json in this checkout, Node 24 among them. What npm itself leaves in
 * node_modules/.package-lock.json at the end of an installation says whether they are there: a stamp of our
 * own would call a checkout that `npm ci` or `npm install` prepared unfinished, and a pruned one finished.
 */

/**
 * @typedef {object} PackagesOptions
 * @property {string} root the checkout
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./progress.js").Report} report
 */

const NODE_MAJOR = 24;

/** @param {string} root */
export function nodePath(root) {
  return join(root, "node_modules", ".bin", "node");
}

/**
 * Installs what is missing. Any number of processes may call it at once; one installs, the others wait.
 * @param {PackagesOptions} options
 */
export async function ensurePackages({ root, env, report }) {
  if (await isInstalled(root, env)) return;
  // In .rowgate and not in node_modules, which npm empties first.
  const lock = join(root, ".rowgate", "packages.lock");
  await withLock(lock, { purpose: "installing packages", report }, async (record) => {
    if (await isInstalled(root, env)) return;
    const started = Date.now();
    await install({ root, env, report, record });
    report(`packages are installed (${Math.round((Date.now() - started) / 1000)} s)`);
  });
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
async function isInstalled(root, env) {
  return hasLockedPackages(root) && (await nodeFault(root, env)) === undefined;
}

/** @param {string} root */
function hasLockedPackages(root) {
  const wanted = readLock(join(root, "package-lock.json"));
  if (wanted === undefined)
    throw new SetupError(`${root} has no package-lock.json. Check the clone out again.`);
  const found = readLock(installedLockPath(root));
  if (found === undefined) return false;
  // Optional packages are those of other systems; npm leaves them out.
  const required = Object.entries(wanted).filter(([path, entry]) => path !== "" && !entry.optional);
  return required.every(
    ([path, entry]) => found[path]?.version === entry.version && found[path]?.integrity === entry.integrity,
  );
}

/** @param {string} root */
function installedLockPath(root) {
  return join(root, "node_modules", ".package-lock.json");
}

/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>} what is wrong with the checkout's Node, if anything
 */
async function nodeFault(root, env) {
  const path = nodePath(root);
  if (!isExecutableFile(path)) return `${path} is missing`;
  const result = await runCommand(path, ["--version"], { env });
  if (result.code === 0 && result.stdout.startsWith(`v${NODE_MAJOR}.`)) return undefined;
  return `${path} is not Node ${NODE_MAJOR} (${lastLines(result, 1)})`;
}

/** @typedef {PackagesOptions & { record: import("./lock.js").RecordCommand }} InstallOptions */

/** @param {InstallOptions} options */
async function install({ root, env, report, record }) {
  const locked = Object.entries(readLock(join(root, "package-lock.json")) ?? {});
  const wanted = topLevel(locked.filter(([, entry]) => !entry.optional).map(([path]) => path));
  report(`installing ${wanted.length} packages with npm ci: usually 20 to 60 s`);
  const describe = () =>
    `npm: ${wanted.filter((path) => isUnpacked(root, path)).length} of ${wanted.length} packages`;
  // Until npm writes it anew, an installation that is killed must not look finished.
  rmSync(installedLockPath(root), { force: true });
  const result = await withHeartbeat({ report, describe }, async () => {
    const clean = await runNpm(["ci"], { root, env, record });
    if (clean.code === 0 || !/\bEUSAGE\b/.test(clean.stderr)) return clean;
    // npm 11 refuses a lock file that lacks an optional package of another system. This installs what the
    // lock does hold, and nothing passes that lacks a required one.
    report("npm ci refuses package-lock.json; installing what it locks with npm install");
    const tolerant = await runNpm(["install", "--no-save"], { root, env, record });
    return tolerant.code === 0 && !hasLockedPackages(root) ? clean : tolerant;
  });
  if (result.code !== 0) {
    throw new SetupError(
      `npm could not install the packages, ${npmFault(result)}\n` +
        "  Check that this machine reaches the package registry, then run the command again.",
    );
  }
  if (await nodeFault(root, env)) await installNode({ root, env, report, record });
}

/**
 * @param {readonly string[]} command
 * @param {Omit<InstallOptions, "report">} options
 */
function runNpm(command, { root, env, record }) {
  const npm = npmCommand(root, env);
  // Node itself is a development dependency, so NODE_ENV=production must not leave those out.
  const options = ["--include=dev", "--no-progress", "--no-audit", "--loglevel=error"];
  return runCommand(npm.command, [...npm.args, ...command, ...options], {
    env: npmEnvironment(root, env),
    cwd: root,
    onStart: record,
  });
}

/**
 * npm says what is wrong first, then how it is used.
 * @param {import("./command.js").CommandResult} result
 */
function npmFault(result) {
  const errors = result.stderr.match(/^npm (?:error|ERR!) .+$/gm) ?? [];
  if (errors.length === 0) return lastLines(result);
  return errors.slice(0, 6).join("\n    ");
}

/**
 * Brings Node's executable where npm was told to run no install scripts (`ignore-scripts`): that script is
 * what fetches it.
 * @param {InstallOptions} options
 */
async function installNode({ root, env, report, record }) {
  report(`fetching Node ${NODE_MAJOR}, which npm ci left out: usually 5 to 20 s`);
  const describe = () => `fetching Node ${NODE_MAJOR}`;
  const result = await withHeartbeat({ report, describe }, () =>
    runCommand(systemNode(root, env), ["installArchSpecificPackage.js"], {
      env: npmEnvironment(root, env),
      cwd: join(root, "node_modules", "node"),
      onStart: record,
    }),
  );
  // npm makes no link to an executable that was not there yet.
  if (!isExecutableFile(nodePath(root))) linkNode(root);
  const fault = await nodeFault(root, env);
  if (fault === undefined) return;
  throw new SetupError(
    `npm ci left no working Node ${NODE_MAJOR}: ${fault}; fetching it, ${lastLines(result, 2)}\n` +
      "  Check that this machine reaches the package registry and that npm may run the install script of the package node.",
  );
}

/** @param {string} root */
function linkNode(root) {
  mkdirSync(dirname(nodePath(root)), { recursive: true });
  rmSync(nodePath(root), { force: true });
  symlinkSync(join("..", "node", "bin", "node"), nodePath(root));
}

/**
 * The npm that runs us, if one does: it is the one the person chose.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
function npmCommand(root, env) {
  const cli = env.npm_execpath;
  if (cli !== undefined && basename(cli) === "npm-cli.js")
    return { command: systemNode(root, env), args: [cli] };
  return { command: "npm", args: [] };
}

/**
 * A Node outside the checkout: npm ci removes the one inside while it runs.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
function systemNode(root, env) {
  return findOnPath("node", npmEnvironment(root, env))[0] ?? process.execPath;
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
function npmEnvironment(root, env) {
  const inside = join(root, "node_modules") + sep;
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => !folder.startsWith(inside));
  return { ...env, PATH: folders.join(delimiter) };
}

/**
 * @param {string} root
 * @param {string} path
 */
function isUnpacked(root, path) {
  return existsSync(join(root, path, "package.json"));
}

/**
 * Nested packages come with the one that holds them.
 * @param {readonly string[]} paths
 */
function topLevel(paths) {
  return paths.filter((path) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path));
}
