import { guardrail } from "./pieces.ts";

export const endpointOfService = guardrail(
  {
    id: "endpoint-of-service",
    invariant: "I5",
    title: "Whoever uses a service has a private endpoint to it",
    reason: "NoEndpoint",
    reference: "CKV2_AZURE_32, CKV2_AZURE_33, CKV2_AZURE_45, CKV_AZURE_158",
    fix: "Name a private endpoint in private_endpoint, here or in another row of the job for the service.",
  },
  (piece) =>
    piece.kind === "service-access" && piece.endpoints === 0
      ? { message: `Service ${piece.service} is named, and the job has no private endpoint to it.` }
      : null,
);
