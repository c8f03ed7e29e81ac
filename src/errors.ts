/** The error contract: every code the gateway can answer with, its close code, its usual detail. Any thread. */

/**
 * Error codes of the stream, with the WebSocket close code that follows each and the detail it usually carries.
 * The codes are stable; `docs/reference/websocket-protocol.md` is the page for people.
 */
export const streamErrors = {
  invalid_pipeline: { closeCode: 1008, detail: 'pipeline_id query parameter is required' },
  invalid_frame: { closeCode: 1007, detail: 'Not a valid JPEG image' },
  frame_too_large: { closeCode: 1009, detail: 'Frame exceeds 5MB' },
  invalid_message: { closeCode: 1003, detail: 'Expected binary frame payload' },
  pipeline_failure: { closeCode: 1011, detail: 'Pipeline failed' },
  server_busy: { closeCode: 1013, detail: 'Too many sessions' },
  slow_reader: { closeCode: 1008, detail: 'Replies are not being read' },
  idle_timeout: { closeCode: 1008, detail: 'No frame came for too long' },
  rate_limited: { closeCode: 1008, detail: 'Too many frames from this address' },
  internal_error: { closeCode: 1011, detail: 'Unexpected error occurred' },
} as const;

export type StreamErrorCode = keyof typeof streamErrors;

/** Error codes that only plain HTTP requests can get, with their status. */
export const httpErrors = {
  bad_request: { status: '400 Bad Request', detail: 'Malformed request' },
  not_found: { status: '404 Not Found', detail: 'No such resource' },
  method_not_allowed: { status: '405 Method Not Allowed', detail: 'Only GET is supported here' },
  request_timeout: { status: '408 Request Timeout', detail: 'The body did not come to its end in time' },
  too_many_requests: { status: '429 Too Many Requests', detail: 'Too many connections and frames from this address' },
  not_implemented: { status: '501 Not Implemented', detail: 'Unknown Transfer-Encoding' },
  upgrade_required: { status: '426 Upgrade Required', detail: 'Open this address as a WebSocket' },
} as const;

export type HttpErrorCode = keyof typeof httpErrors;

/** What can be wrong with one frame once it has started: an undecodable picture or a pipeline that failed. */
export type FrameErrorCode = 'invalid_frame' | 'pipeline_failure' | 'internal_error';

/** A frame could not be answered with a result. `detail` goes to the peer: never a path, never a stack. */
export class FrameError extends Error {
  readonly code: FrameErrorCode;
  readonly detail: string;

  constructor(code: FrameErrorCode, detail: string = streamErrors[code].detail, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'FrameError';
    this.code = code;
    this.detail = detail;
  }
}

/** More faults than these are counted only. */
const maxIssues = 25;
/** Of one line: what is longer quotes a file, and explains nothing more. */
const maxIssueLength = 500;

/**
 * The server cannot start as it is set up. The message is for the operator: one line for each fault, whatever was quoted in it.
 */
export class ConfigError extends Error {
  readonly issues: readonly string[];

  constructor(issues: readonly string[], options?: ErrorOptions) {
    const lines = issues.slice(0, maxIssues).map(issueLine);
    if (issues.length > maxIssues) lines.push(`and ${issues.length - maxIssues} more`);
    super(lines.join('\n'), options);
    this.name = 'ConfigError';
    this.issues = lines;
  }
}

/** Files may hold anything: line breaks, escape sequences, a key of a megabyte. */
function issueLine(issue: string): string {
  const line = issue.slice(0, maxIssueLength).replace(/\p{C}/gu, ' ');
  return issue.length > maxIssueLength ? `${line}…` : line;
}

/**
 * The server cannot start now, though nothing may be wrong with how it is set up: the port is taken, memory or descriptors are used up.
 * Trying again may help.
 */
export class StartError extends ConfigError {
  constructor(issues: readonly string[], options?: ErrorOptions) {
    super(issues, options);
    this.name = 'StartError';
  }
}

/** What the system, or Node, says where something is used up that may be free again later. */
const shortages: ReadonlySet<unknown> = new Set([
  'EAGAIN',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'ERR_WORKER_INIT_FAILED',
  'ERR_WORKER_OUT_OF_MEMORY',
]);

/** How the process ends when it was set up wrongly: configuration, files, flags. A service manager need not try again. */
export const configExitCode = 2;

/** How the process ends for every other reason; a service manager tries again. */
export const failureExitCode = 1;

/** @returns the exit code: that of a wrong set-up, unless something behind the error passes by itself. */
export function exitCodeOf(error: ConfigError): number {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof StartError || ('code' in cause && shortages.has(cause.code))) return failureExitCode;
  }
  return configExitCode;
}
