/** Where the things of a home are that upkeep touches. */
import path from "node:path";

export const metadataFile = (home: string): string => path.join(home, "metadata.db");
export const stateRoot = (home: string): string => path.join(home, "state");
export const passphraseFile = (home: string): string => path.join(stateRoot(home), "passphrase");
export const cloudsFile = (home: string): string => path.join(home, "clouds", "clouds.db");
/** what nobody needs after its maker has ended */
export const temporaryFolder = (home: string): string => path.join(home, "tmp");
export const engineLogFolder = (home: string): string => path.join(home, "pulumi", "logs");
