/** What Data Factory is told: connections, and the steps of pipelines. */
import { isReference } from "./from-values.ts";
import type { Piece } from "./pieces.ts";
import { at, itemsAt, type Props, settingAt, text } from "./read-props.ts";

/** Of inputs that are named for a secret piecesOfInputs tells; these have names that others have as well. */
export function linkedServicePieces(props: Props, name: string): Piece[] {
  const { properties } = props;
  const type = text(at(properties, "type"));
  const checked = settingAt(properties, "enableServerCertificateValidation");
  return [
    ...["key", "credential"].flatMap((input): Piece[] => {
      const value = at(properties, input);
      const isNamed = isReference(value) || at(value, "type") === "CredentialReference";
      return value === undefined || isNamed ? [] : [{ kind: "secret-input", where: `properties.${input}` }];
    }),
    {
      kind: "linked-service",
      name,
      type,
      hasRuntime: settingAt(properties, "connectVia.referenceName") !== null,
      encrypt: settingAt(properties, "encrypt"),
      trustsAnyCertificate:
        ![null, false].includes(settingAt(properties, "trustServerCertificate") as boolean | null) ||
        checked === false,
    },
  ];
}

const calling: readonly string[] = ["WebActivity", "WebHook", "AzureFunctionActivity"];
/** Where activities have others inside. */
const branches = ["ifTrueActivities", "ifFalseActivities", "activities", "defaultActivities"] as const;

/** @param serviceUrl of this service; null: pipelines don't call it */
export function activityPieces(activities: readonly unknown[], serviceUrl: string | null): Piece[] {
  return activities.flatMap((activity) => {
    const inside = branches.flatMap((branch) => activityPieces(itemsAt(activity, branch), serviceUrl));
    const cases = itemsAt(activity, "cases").flatMap((each) =>
      activityPieces(itemsAt(each, "activities"), serviceUrl),
    );
    if (!calling.includes(text(at(activity, "type")))) return [...inside, ...cases];
    const piece: Piece = {
      kind: "web-activity",
      name: text(at(activity, "name")),
      url: text(at(activity, "url") ?? at(activity, "functionName")),
      serviceUrl,
      hidesInput: settingAt(activity, "policy.secureInput") === true,
      hidesOutput: settingAt(activity, "policy.secureOutput") === true,
    };
    return [piece, ...inside, ...cases];
  });
}
