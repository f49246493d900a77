/** The calls on resources: unpack, carry out, pack. */
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type { Change, Difference } from "./diff.ts";
import type { FaultCall } from "./faults.ts";
import { invoke } from "./invoke.ts";
import * as operations from "./operations.ts";
import { bodyToStruct, structToBody } from "./provider-struct.ts";
import type { Target, Wrap } from "./provider-wrap.ts";
import type { CallContext } from "./resource-type.ts";

type At = (peer: string) => CallContext;

export function resourceHandlers(wrap: Wrap, at: At) {
  return { ...planHandlers(wrap, at), ...makeAndReadHandlers(wrap, at), ...changeHandlers(wrap, at) };
}

function planHandlers(wrap: Wrap, at: At) {
  const targets = targetsAt(at);
  return {
    check: wrap((request: proto.CheckRequest, peer) => {
      const ctx = at(peer);
      const checked = operations.check(ctx, subjectOf(ctx, request.getUrn()), {
        olds: structToBody(request.getOlds()),
        news: structToBody(request.getNews()),
        seed: request.getRandomseed_asU8(),
      });
      const failures = checked.faults.map((fault) =>
        new proto.CheckFailure().setProperty(fault.property).setReason(fault.reason),
      );
      return new proto.CheckResponse().setInputs(bodyToStruct(checked.inputs)).setFailuresList(failures);
    }, targets("check")),
    diff: wrap((request: proto.DiffRequest, peer) => {
      const ctx = at(peer);
      const olds = structToBody(request.getOldInputs() ?? request.getOlds());
      return packDiff(
        operations.diff(subjectOf(ctx, request.getUrn()), olds, structToBody(request.getNews())),
      );
    }),
    invoke: wrap(
      (request: proto.InvokeRequest, peer) => {
        const answer = invoke(at(peer), request.getTok(), structToBody(request.getArgs()));
        return new proto.InvokeResponse().setReturn(bodyToStruct(answer));
      },
      (request) => ({ call: "invoke", type: request.getTok() }),
    ),
  };
}

function makeAndReadHandlers(wrap: Wrap, at: At) {
  const targets = targetsAt(at);
  return {
    create: wrap((request: proto.CreateRequest, peer) => {
      const ctx = at(peer);
      const subject = subjectOf(ctx, request.getUrn());
      const inputs = structToBody(request.getProperties());
      // a preview knows the inputs; the engine shows the rest as unknown
      if (request.getPreview()) return new proto.CreateResponse().setProperties(bodyToStruct(inputs));
      const made = operations.create(ctx, subject, inputs);
      return new proto.CreateResponse().setId(made.id).setProperties(bodyToStruct(made.body));
    }, targets("create")),
    read: wrap((request: proto.ReadRequest, peer) => {
      const ctx = at(peer);
      const found = operations.read(ctx, subjectOf(ctx, request.getUrn()), {
        id: request.getId(),
        inputs: structToBody(request.getInputs()),
        recorded: structToBody(request.getProperties()),
      });
      // no id: the object is gone
      if (!found) return new proto.ReadResponse();
      return new proto.ReadResponse()
        .setId(found.id)
        .setProperties(bodyToStruct(found.body))
        .setInputs(bodyToStruct(found.inputs));
    }, targets("read")),
  };
}

function changeHandlers(wrap: Wrap, at: At) {
  const targets = targetsAt(at);
  return {
    update: wrap((request: proto.UpdateRequest, peer) => {
      const ctx = at(peer);
      const body = operations.update(ctx, subjectOf(ctx, request.getUrn()), {
        id: request.getId(),
        inputs: structToBody(request.getNews()),
        oldInputs: structToBody(request.getOldInputs() ?? request.getOlds()),
        recorded: structToBody(request.getOlds()),
        preview: request.getPreview(),
      });
      return new proto.UpdateResponse().setProperties(bodyToStruct(body));
    }, targets("update")),
    delete: wrap((request: proto.DeleteRequest, peer) => {
      const ctx = at(peer);
      operations.remove(ctx, subjectOf(ctx, request.getUrn()), request.getId());
      return new emptyProto.Empty();
    }, targets("delete")),
  };
}

interface AboutResource {
  getUrn(): string;
  getPreview?(): boolean;
}

/** Faults strike what would reach a cloud: a preview does not. */
const targetsAt =
  (at: At) =>
  (call: Exclude<FaultCall, "invoke" | "lookup">) =>
  (request: AboutResource, peer: string): Target | undefined => {
    if (request.getPreview?.()) return undefined;
    const ctx = at(peer);
    const subject = subjectOf(ctx, request.getUrn());
    return {
      call,
      type: subject.type.token,
      ...(call === "check" ? {} : { failed: (message) => operations.logFailed(ctx, subject, call, message) }),
    };
  };

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` */
function subjectOf(ctx: CallContext, urn: string): operations.Subject {
  const [head = "", project = "", types = "", ...name] = urn.split("::");
  const token = types.split("$").at(-1) ?? types;
  const type = ctx.types.get(token);
  if (!type) throw new Error(`The simulated clouds do not know the resource type ${token}.`);
  return { type, name: name.join("::"), stack: `${project}/${head.replace(/^urn:pulumi:/, "")}` };
}

function packDiff(difference: Difference): proto.DiffResponse {
  const { changes, deleteBeforeReplace } = difference;
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  const replaces = changes.filter((change) => change.replaces);
  const response = new proto.DiffResponse()
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setReplacesList([...new Set(replaces.map(topLevel))])
    .setDiffsList([...new Set(changes.map(topLevel))])
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const change of changes) {
    response
      .getDetaileddiffMap()
      .set(change.path, new proto.PropertyDiff().setKind(kindOf(change)).setInputdiff(true));
  }
  return response;
}

const topLevel = (change: Change): string => /^[^.[]+/.exec(change.path)?.[0] ?? change.path;

function kindOf(change: Change): proto.PropertyDiff.Kind {
  const { Kind } = proto.PropertyDiff;
  switch (change.kind) {
    case "add":
      return change.replaces ? Kind.ADD_REPLACE : Kind.ADD;
    case "delete":
      return change.replaces ? Kind.DELETE_REPLACE : Kind.DELETE;
    case "update":
      return change.replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
  }
}
