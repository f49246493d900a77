/**
 * Enums that the SDK leaves open (`enums.X | string`). azure-native passes any text on and Azure refuses it,
 * so what is not in the list is refused here too, but without regard to case and blanks, as Azure does. Where the SDK's
 * list is not what Azure goes by, the truth is told here.
 */

interface Departure {
  /** in place of the SDK's list */
  readonly values?: readonly string[];
  /** taken beside the list */
  readonly also?: RegExp;
  /** several of the list, between commas */
  readonly combined?: true;
}

/** The API of data collection rules names the streams of tables of one's own, and of later Azure tables, so. */
const anyStream = /^(Custom|Microsoft)-\S+$/;

const departures: Readonly<Record<string, Departure>> = {
  // azure-native 3.28.0 has another service's operators here (eq, ne, lt); these are the API's
  "monitor.ConditionOperator": {
    values: ["LessThan", "GreaterThan", "LessThanOrEqual", "GreaterThanOrEqual", "Equals"],
  },
  "monitor.KnownDataFlowStreams": { also: anyStream },
  "monitor.KnownExtensionDataSourceStreams": { also: anyStream },
  // "any combination of Logging, Metrics, AzureServices", says the SDK's own comment
  "storage.Bypass": { combined: true },
};

const plain = (text: string): string => text.toLowerCase().replaceAll(" ", "");

/** What may be written instead; undefined where the value is one that Azure takes. */
export function refusedByOpenEnum(
  name: string,
  declared: readonly (string | number)[],
  value: string,
): readonly string[] | undefined {
  const { values = declared.map(String), also, combined } = departures[name] ?? {};
  const taken = values.map(plain);
  const parts = combined ? value.split(",") : [value];
  if (also?.test(value) || parts.every((part) => taken.includes(plain(part)))) return undefined;
  return values;
}
