import { fileURLToPath } from "node:url";

/** This checkout's folder: set-up works on it wherever it is called from. */
export const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
