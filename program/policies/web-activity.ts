import { guardrail } from "./pieces.ts";

const hostOf = (url: string): string | null => {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed?.protocol === "https:" && parsed.username === "" ? parsed.host : null;
};

export const webActivity = guardrail(
  {
    id: "web-activity",
    invariant: "I19",
    title: "A pipeline calls this service and nobody else, and logs neither the call nor its answer",
    reason: "CallsElsewhere",
    reference: "CKV_AZURE_104",
    fix: "Call the address in Environments.service_url, with secureInput and secureOutput.",
  },
  (piece) => {
    if (piece.kind !== "web-activity") return null;
    const host = hostOf(piece.url);
    const own = piece.serviceUrl === null ? null : hostOf(piece.serviceUrl);
    if (host === null || host !== own)
      return { message: `Activity ${piece.name} calls "${piece.url}", which is not this service.` };
    return piece.hidesInput && piece.hidesOutput
      ? null
      : { message: `Activity ${piece.name} carries a token and does not hide its input and output.` };
  },
);
