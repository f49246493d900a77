/** A collector of traces: takes OTLP over HTTP in JSON, as its specification has it, and keeps the spans. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const hexId = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const attributes = z
  .array(
    z.object({
      key: z.string(),
      value: z.object({
        stringValue: z.string().optional(),
        intValue: z.union([z.number(), z.string()]).optional(),
        boolValue: z.boolean().optional(),
      }),
    }),
  )
  .default([])
  .transform((list) =>
    Object.fromEntries(
      list.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)]),
    ),
  );
const nanoseconds = z.union([z.string(), z.number()]).transform((text) => Number(text) / 1_000_000);
const spanBody = z.object({
  traceId: hexId(32),
  spanId: hexId(16),
  parentSpanId: z.union([hexId(16), z.literal("")]).optional(),
  name: z.string(),
  kind: z.int(),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  links: z.array(z.object({ traceId: hexId(32), spanId: hexId(16) })).default([]),
  status: z.object({ code: z.int().optional(), message: z.string().optional() }),
});
const exportBody = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(spanBody) })),
    }),
  ),
});

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  /** 1: internal, 2: server */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failure: string | null;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** what a request was that is no OTLP */
  readonly faults: string[] = [];
  /** headers of the last export */
  headers: NodeJS.Dict<string | string[]> = {};
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<OtlpReceiver> {
    const server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      request.on("end", () => {
        receiver.headers = request.headers;
        receiver.#take(`${request.method} ${request.url}`, text);
        response.setHeader("Content-Type", "application/json").end("{}");
      });
    });
    const receiver = new OtlpReceiver(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // of a TCP server
  }

  #take(route: string, text: string): void {
    const parsed = exportBody.safeParse(JSON.parse(text));
    if (route !== "POST /v1/traces" || !parsed.success) {
      this.faults.push(`${route}: ${parsed.error?.message ?? ""}`);
      return;
    }
    for (const { resource, scopeSpans } of parsed.data.resourceSpans)
      for (const span of scopeSpans.flatMap(({ spans }) => spans))
        this.spans.push({
          ...span,
          parentSpanId: span.parentSpanId || null,
          startMs: span.startTimeUnixNano,
          endMs: span.endTimeUnixNano,
          failure: span.status.code === 2 ? (span.status.message ?? "") : null,
          resource: resource.attributes,
        });
  }

  ofTrace(traceId: string): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId).toSorted((a, b) => a.startMs - b.startMs);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
