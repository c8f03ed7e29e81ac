/**
 * Headers of frames and their replies, as JSON. The frame's bytes follow as they came; the reply's body is the result as text. Main thread.
 */
import { z } from 'zod';
import type { FrameOutcome } from '../pool/messages.ts';
import { dropReasons } from '../status.ts';
import { count, processId } from './statuses.ts';

/** Far above what a gateway or host sends. Longer ones are not parsed. */
const maxHeaderLength = 65_536;

const frameHeader = z.object({
  /** Id of the gateway. */
  gateway: processId,
  pipeline: z.string(),
  fingerprint: z.string(),
  /** Of the session, for the host's log. */
  frameIndex: z.number(),
  session: z.string().optional(),
  camera: z.string().optional(),
  address: z.string(),
  /** From its arrival at the host: how long it may wait for a worker, and by when it must have its outcome. */
  maxHoldMs: z.number().min(0),
  timeoutMs: z.number().min(0),
});
export type FrameHeader = z.output<typeof frameHeader>;

/** Why a host did not take a frame: the gateway may try another one. */
const refusalReasons = ['busy', 'leaving', 'fingerprint', 'invalid'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** `text` is the body of the message, not a part of the header. */
export type HostReply = (FrameOutcome | { readonly type: 'refused'; readonly reason: RefusalReason }) & {
  /** From the frame's arrival at the host until its reply. */
  readonly tookMs: number;
  /** Frames that the gateway may have in flight on this host from now on. */
  readonly limit: number;
  /** Frames of other gateways that it has now. */
  readonly others: number;
};

const common = { tookMs: z.number().min(0), limit: count, others: count };
const replyHeader = z.discriminatedUnion('type', [
  z.object({ type: z.literal('result'), timings: z.record(z.string(), z.number().min(0)), ...common }),
  z.object({
    type: z.literal('failed'),
    code: z.enum(['invalid_frame', 'pipeline_failure', 'internal_error']),
    detail: z.string(),
    reason: z.string(),
    ...common,
  }),
  z.object({ type: z.literal('dropped'), reason: z.enum(dropReasons), ...common }),
  z.object({ type: z.literal('refused'), reason: z.enum(refusalReasons), ...common }),
]);

export function encodeFrameHeader(header: FrameHeader): string {
  return JSON.stringify(header);
}

/** @returns undefined if it is not valid. */
export function decodeFrameHeader(text: string): FrameHeader | undefined {
  return frameHeader.safeParse(jsonOf(text)).data;
}

/** @returns the header and the body of the message. */
export function encodeReply(reply: HostReply): readonly [header: string, body: string] {
  if (reply.type !== 'result') return [JSON.stringify(reply), ''];
  const { text, ...header } = reply;
  return [JSON.stringify(header), text];
}

/** @returns undefined if it is not valid. */
export function decodeReply(header: string, body: Uint8Array): HostReply | undefined {
  const { data } = replyHeader.safeParse(jsonOf(header));
  if (data?.type !== 'result') return data;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  // The text becomes a part of the message to the client, and is not parsed before.
  return text.startsWith('{') && text.endsWith('}') ? { ...data, text } : undefined;
}

function jsonOf(text: string): unknown {
  if (text.length > maxHeaderLength) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
