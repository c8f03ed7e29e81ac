/** Reads what a server sent, whoever wrote the server: nothing in it is believed before it is looked at. Pure. */
import { streamErrors } from '../errors.ts';

export type Reply =
  /** `serviceMs` where the server says how long the pipeline took. */
  | { readonly kind: 'result'; readonly index: number; readonly serviceMs: number | undefined }
  | { readonly kind: 'dropped'; readonly index: number }
  | { readonly kind: 'slow_down' }
  /** `index` where the server says which frame it was; the contract does not, its session ends instead. */
  | { readonly kind: 'error'; readonly code: string; readonly detail: string; readonly index: number | undefined }
  /** Nothing that the contract knows. */
  | { readonly kind: 'unexpected' };

/** Any code that is not of the contract goes by this name, so that a server cannot fill the report with its own. */
const foreignCode = 'other';
/** Of a detail that is shown. */
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
    const code = Object.hasOwn(streamErrors, error) ? error : foreignCode;
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

/** What may go to a terminal: no control characters, and not too much. */
function printable(text: string): string {
  return text.slice(0, maxDetailLength).replace(/\p{Cc}/gu, ' ');
}
