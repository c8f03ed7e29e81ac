/**
 * Frames and their replies as messages: a header, as JSON, and a body. A frame's body is its bytes and then the state of its session; a
 * reply's body is the result as text, its events, and the next state. Main thread.
 */
import { z } from 'zod';
import { detached } from '../detached-text.ts';
import type { FrameOutcome } from '../pool/messages.ts';
import { addEvents } from '../protocol.ts';
import { type FrameMoment, maxStateBytes, noMoment } from '../session-state.ts';
import { dropReasons } from '../status.ts';
import { count, processId } from './statuses.ts';

/** Far above what a gateway or host sends. Longer ones are not parsed. */
const maxHeaderLength = 65_536;

const clock = z
  .object({ sessionMs: z.number().min(0), elapsedMs: z.number().optional(), unixMs: z.number() })
  .transform(({ sessionMs, elapsedMs, unixMs }) => ({ sessionMs, elapsedMs, unixMs }));

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
  /** Absent from gateways of older versions. */
  clock: clock.optional(),
  /** Size of the state in the body. */
  stateBytes: z.int().min(0).max(maxStateBytes).default(0),
});
type WireHeader = z.output<typeof frameHeader>;
/** What a gateway tells a host of a frame. */
export type FrameHeader = Omit<WireHeader, 'clock' | 'stateBytes'>;

/** A frame as a host receives it. */
export interface ReceivedFrame extends SentFrame {
  /** Whether its gateway is of a version that knows neither states nor events: to it, the body of a reply is the whole result. */
  readonly isOfOldGateway: boolean;
}

/** A frame on its way to a host. */
export interface SentFrame {
  readonly header: FrameHeader;
  readonly moment: FrameMoment;
  readonly bytes: Uint8Array;
}

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
  z.object({
    type: z.literal('result'),
    timings: z.record(z.string(), z.number().min(0)),
    /** Lengths of the texts that follow the result in the body, in UTF-16 code units. */
    eventLengths: z.array(count).optional(),
    stateLength: count.max(maxStateBytes).optional(),
    ...common,
  }),
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

/** @returns the header and the body of the message. The body is `bytes` itself if the session has no state. */
export function encodeFrame({ header, moment, bytes }: SentFrame): readonly [header: string, body: Uint8Array] {
  const { state, clock } = moment;
  if (state === '') return [JSON.stringify({ ...header, clock }), bytes];
  const stateBytes = Buffer.byteLength(state);
  const body = Buffer.allocUnsafe(bytes.byteLength + stateBytes);
  body.set(bytes);
  body.write(state, bytes.byteLength);
  return [JSON.stringify({ ...header, clock, stateBytes }), body];
}

/** @returns undefined if it is not valid. Its bytes are a part of the body. */
export function decodeFrame(text: string, body: Uint8Array): ReceivedFrame | undefined {
  const { data } = frameHeader.safeParse(jsonOf(text));
  if (data === undefined || data.stateBytes > body.byteLength) return undefined;
  const { clock, stateBytes, ...header } = data;
  const frameBytes = body.byteLength - stateBytes;
  const state = stateBytes === 0 ? '' : textOf(body.subarray(frameBytes));
  const moment = { state, clock: clock ?? noMoment.clock };
  return { header, moment, bytes: body.subarray(0, frameBytes), isOfOldGateway: clock === undefined };
}

/** The outcome as a gateway of an older version understands it: its events are a part of the result, and there is no state. */
export function outcomeForOldGateway(outcome: FrameOutcome): FrameOutcome {
  if (outcome.type !== 'result') return outcome;
  const { type, text, timings, events } = outcome;
  return { type, timings, text: events === undefined ? text : addEvents(text, events) };
}

/** @returns the header and the body of the message. */
export function encodeReply(reply: HostReply): readonly [header: string, body: string] {
  if (reply.type !== 'result') return [JSON.stringify(reply), ''];
  const { text, events, state = '', ...header } = reply;
  const eventLengths = events?.map(({ length }) => length);
  const stateLength = state === '' ? undefined : state.length;
  return [JSON.stringify({ ...header, eventLengths, stateLength }), [text, ...(events ?? []), state].join('')];
}

/** @returns undefined if it is not valid. */
export function decodeReply(header: string, body: Uint8Array): HostReply | undefined {
  const { data } = replyHeader.safeParse(jsonOf(header));
  if (data?.type !== 'result') return data;
  const { eventLengths, stateLength = 0, ...reply } = data;
  const parts = cutBody(textOf(body), eventLengths ?? [], stateLength);
  if (parts === undefined) return undefined;
  const { text, events, state } = parts;
  return { ...reply, text, ...(eventLengths && { events }), ...(state !== '' && { state }) };
}

/** @returns undefined if the texts are not what a host sends: they become parts of a message to the client, and are not parsed before. */
function cutBody(body: string, eventLengths: readonly number[], stateLength: number): Texts | undefined {
  const stateStart = body.length - stateLength;
  const eventsStart = stateStart - eventLengths.reduce((sum, length) => sum + length, 0);
  if (eventsStart < 0) return undefined;
  const text = body.slice(0, eventsStart);
  let end = eventsStart;
  const events = eventLengths.map((length) => {
    end += length;
    return body.slice(end - length, end);
  });
  // It is kept until the session's next frame.
  const state = detached(body.slice(stateStart));
  const isObject = (part: string) => part.startsWith('{') && part.endsWith('}');
  return [text, ...events].every(isObject) && (state === '' || isObject(state)) ? { text, events, state } : undefined;
}

interface Texts {
  readonly text: string;
  readonly events: readonly string[];
  readonly state: string;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function jsonOf(text: string): unknown {
  if (text.length > maxHeaderLength) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
