/** Parses server messages. The server may be any implementation, so every field is validated. Pure. */
import { streamErrors } from '../errors.ts';

export type Reply =
  /** `serviceMs` is the pipeline time, if the server reports it. */
  | { readonly kind: 'result'; readonly index: number; readonly serviceMs: number | undefined }
  | { readonly kind: 'dropped'; readonly index: number }
  | { readonly kind: 'slow_down' }
  /** `index` is the frame, if the server reports it. framegate does not: an error ends the session. */
  | { readonly kind: 'error'; readonly code: string; readonly detail: string; readonly index: number | undefined }
  /** Not a message of the protocol. */
  | { readonly kind: 'unexpected' };

/** Replaces codes that are not part of the protocol, so that a server cannot fill the report with arbitrary names. */
const otherCode = 'other';
/** Maximum length of a displayed detail. */
const maxDetailLength = 200;

const unexpected: Reply = { kind: 'unexpected' };

export function readReply(text: string): Reply {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return unexpected;
  }
  return typeof message === 'object' && message !== null ? replyOf(message as Record<string, unknown>) : unexpected;
}

function replyOf(message: Record<string, unknown>): Reply {
  const index = Number.isSafeInteger(message['frame_index']) ? (message['frame_index'] as number) : undefined;
  const { error, detail } = message;
  if (typeof error === 'string') {
    const code = Object.hasOwn(streamErrors, error) ? error : otherCode;
    return { kind: 'error', code, detail: printable(typeof detail === 'string' ? detail : error), index };
  }
  if (message['warning'] === 'slow_down') return { kind: 'slow_down' };
  if (index === undefined) return unexpected;
  if (message['dropped'] === true) return { kind: 'dropped', index };
  return 'result' in message ? { kind: 'result', index, serviceMs: serviceMsOf(message['result']) } : unexpected;
}

/** `timings_ms.total` of a result. */
function serviceMsOf(result: unknown): number | undefined {
  const total = fieldOf(fieldOf(result, 'timings_ms'), 'total');
  return typeof total === 'number' && Number.isFinite(total) && total >= 0 ? total : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Makes text safe for a terminal: no control characters, limited length. */
function printable(text: string): string {
  return text.slice(0, maxDetailLength).replace(/\p{Cc}/gu, ' ');
}
