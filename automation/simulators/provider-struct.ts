/** Between protobuf structs and plain JSON. */
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { type Body, plain } from "./json.ts";

export const structToBody = (message: structProto.Struct | undefined): Body =>
  message ? plain(message.toJavaScript() as Body) : {};

/** Leaves out what is undefined or null: neither means anything to the engine. */
export const bodyToStruct = (body: Body): structProto.Struct =>
  structProto.Struct.fromJavaScript(plain(body) as Parameters<typeof structProto.Struct.fromJavaScript>[0]);
