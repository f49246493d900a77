import { textAt } from "../json.ts";
import { metastoreObject } from "./metastore-object.ts";

/** Deleting a model deletes all its versions, without a question: that is what Unity Catalog documents. */
export const registeredModel = metastoreObject({
  kind: "model",
  required: ["catalogName", "name", "schemaName"],
  replaceOn: ["catalogName", "name", "schemaName", "storageLocation"],
  computed: ["aliases", "browseOnly", "storageLocation"],
  outputsOnly: ["fullName", "metastoreId"],
  fullName: (inputs) => ["catalogName", "schemaName", "name"].map((key) => textAt(inputs, key)).join("."),
  taken: (name) => `Routine or Model '${name}' already exists`,
  build: ({ fullName, inputs }) => {
    const [catalogName = "", schemaName = "", name = ""] = fullName.split(".");
    return { catalogName, schemaName, name, fullName, browseOnly: inputs.browseOnly ?? false };
  },
});
