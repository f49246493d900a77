/**
 * The passphrase file of a home's state. It is made with the state and never again: a new passphrase over
 * existing state would make every secret in it unreadable, at the first run and not before.
 */
import { createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { chmod, readFile, rename, stat, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { messageOf, ServiceError } from "../errors.ts";
import type { Logger } from "../log.ts";

export interface PassphraseOptions {
  readonly file: string;
  /** state was made with a passphrase before: the file must be there */
  readonly stateExists: boolean;
  readonly log: Logger;
}

/** Makes the file on a new home. Throws a ServiceError with code PassphraseMissing where it may not. */
export async function preparePassphrase({ file, stateExists, log }: PassphraseOptions): Promise<void> {
  if ((await readPassphrase(file)) === "") {
    if (stateExists) throw missing(file);
    await writeFile(`${file}.new`, randomBytes(32).toString("base64url"), { mode: 0o600 });
    await rename(`${file}.new`, file);
    return;
  }
  const mode = (await stat(file)).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  const was = mode.toString(8);
  await chmod(file, 0o600).then(
    () => log.warn({ file, was }, "the passphrase file could be read by others; its mode is 0600 now"),
    // A secret that is mounted read-only is its mounter's to protect.
    (fault) => log.warn({ file, was, fault: messageOf(fault) }, "the passphrase file can be read by others"),
  );
}

/** As the engine reads it: without white space around it. Empty: there is none. */
async function readPassphrase(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return "";
    throw new ServiceError({
      code: "PassphraseUnreadable",
      status: 500,
      message: `The passphrase file ${file} cannot be read: ${messageOf(cause)}. Let the service's user read it, and start again.`,
      cause,
    });
  }
}

/** Throws a ServiceError with code PassphraseWrong when the salt was made with another passphrase. */
export async function checkPassphrase(file: string, salt: string): Promise<void> {
  if ((await matchesSalt(await readPassphrase(file), salt)) !== "no") return;
  throw new ServiceError({
    code: "PassphraseWrong",
    status: 500,
    message:
      `The passphrase in ${file} is not the one that the state beside it was made with. ` +
      "Put back the passphrase and the encryption salt from the same backup, and start again.",
  });
}

// The engine's own numbers: PBKDF2 with SHA-256 gives the key of AES-256-GCM (its manager.go and crypt.go).
const iterations = 1_000_000;
const keyBytes = 32;
const tagBytes = 16;
// What the engine encrypts to know the passphrase again.
const known = "pulumi";
const saltForm = /^v1:([\w+/=]+):v1:([\w+/=]+):([\w+/=]+)$/;

/** `unknown`: the salt has another form, which the engine may know. */
export async function matchesSalt(passphrase: string, salt: string): Promise<"yes" | "no" | "unknown"> {
  const [, saltText, nonceText, sealedText] = saltForm.exec(salt) ?? [];
  if (saltText === undefined || nonceText === undefined || sealedText === undefined) return "unknown";
  const sealed = Buffer.from(sealedText, "base64");
  const key = await promisify(pbkdf2)(
    passphrase,
    Buffer.from(saltText, "base64"),
    iterations,
    keyBytes,
    "sha256",
  );
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonceText, "base64"), {
      authTagLength: tagBytes,
    });
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const opened = Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
    return opened.toString("utf8") === known ? "yes" : "no";
  } catch {
    // the tag does not fit: made with another key
    return "no";
  }
}

const missing = (file: string): ServiceError =>
  new ServiceError({
    code: "PassphraseMissing",
    status: 500,
    message:
      `The passphrase file ${file} is missing or empty, but the state beside it was made with one. ` +
      "Nothing can read that state without it, so no new one is made. " +
      "Put the file back from your backup (it is state/passphrase in one that `rowgate backup` made), and start again.",
  });
