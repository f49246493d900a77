/** The calls on resources: unpack, carry out, pack. */
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type { Change, Difference } from "./diff.ts";
import type { FaultCall } from "./faults.ts";
import { invoke } from "./invoke.ts";
import { throughLag } from "./lag.ts";
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
        const ctx = at(peer);
        const answer = throughLag(ctx, "invoke", () =>
          invoke(ctx, request.getTok(), structToBody(request.getArgs())),
        );
        return new proto.InvokeResponse().setReturn(bodyToStruct(answer));
      },
      (request) => ({ call: "invoke", type: request.getTok() }),
    ),
  };
}

function makeAndReadHandlers(wrap: Wrap, at: At) {
  const targets = targetsAt(at);
  return {
    create: wrap((request: proto.CreateRequest, peer, gone) => {
      const ctx = at(peer);
      const subject = subjectOf(ctx, request.getUrn());
      const inputs = structToBody(request.getProperties());
      if (request.getPreview())
        return new proto.CreateResponse().setProperties(bodyToStruct(subject.type.preview(inputs, {})));
      return after(operations.create(ctx, subject, inputs, gone), (made) =>
        new proto.CreateResponse().setId(made.id).setProperties(bodyToStruct(made.body)),
      );
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
    update: wrap((request: proto.UpdateRequest, peer, gone) => {
      const ctx = at(peer);
      const call = {
        id: request.getId(),
        inputs: structToBody(request.getNews()),
        oldInputs: structToBody(request.getOldInputs() ?? request.getOlds()),
        recorded: structToBody(request.getOlds()),
        preview: request.getPreview(),
      };
      return after(operations.update(ctx, subjectOf(ctx, request.getUrn()), call, gone), (body) =>
        new proto.UpdateResponse().setProperties(bodyToStruct(body)),
      );
    }, targets("update")),
    delete: wrap((request: proto.DeleteRequest, peer, gone) => {
      const ctx = at(peer);
      const call = {
        id: request.getId(),
        recorded: structToBody(request.getOldInputs() ?? request.getProperties()),
      };
      const removed = operations.remove(ctx, subjectOf(ctx, request.getUrn()), call, gone);
      return after(removed, () => new emptyProto.Empty());
    }, targets("delete")),
  };
}

/** Packs an answer at once where it is there at once. */
const after = <T, Packed>(
  answer: operations.Answered<T>,
  pack: (value: T) => Packed,
): Packed | Promise<Packed> => (answer instanceof Promise ? answer.then(pack) : pack(answer));

interface AboutResource {
  getUrn(): string;
  getId?(): string;
  getProperties?(): Parameters<typeof structToBody>[0];
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
    const failed = (message: string): void => {
      if (call === "check") return;
      const id =
        call === "create"
          ? subject.type.idOf(ctx, structToBody(request.getProperties?.()))
          : request.getId?.();
      operations.logFailed(ctx, subject, { call, id: id ?? "" }, message);
    };
    return {
      call,
      type: subject.type.token,
      ...(call === "check" ? {} : { failed }),
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
