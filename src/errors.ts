/** The error contract: every error code of the gateway, its close code, and its default detail. Any thread. */

/**
 * Error codes of the stream, each with its WebSocket close code and default detail.
 * Codes are stable; `docs/reference/websocket-protocol.md` documents them.
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
  /** Close codes 3000 and 3003 are registered for the same meanings as HTTP's 401 and 403. */
  unauthorized: { closeCode: 3000, detail: 'A token is required' },
  forbidden: { closeCode: 3003, detail: 'Not allowed' },
  internal_error: { closeCode: 1011, detail: 'Unexpected error occurred' },
} as const;

export type StreamErrorCode = keyof typeof streamErrors;

/** Error codes used only for plain HTTP requests, with their status. */
export const httpErrors = {
  bad_request: { status: '400 Bad Request', detail: 'Malformed request' },
  not_found: { status: '404 Not Found', detail: 'No such resource' },
  method_not_allowed: { status: '405 Method Not Allowed', detail: 'Only GET is supported here' },
  request_timeout: { status: '408 Request Timeout', detail: 'Request body not received in time' },
  too_many_requests: { status: '429 Too Many Requests', detail: 'Too many connections and frames from this address' },
  not_implemented: { status: '501 Not Implemented', detail: 'Unknown Transfer-Encoding' },
  upgrade_required: { status: '426 Upgrade Required', detail: 'Open this address as a WebSocket' },
} as const;

export type HttpErrorCode = keyof typeof httpErrors;

/** Errors of a frame that was started: an image that cannot be decoded, or a pipeline that failed. */
export type FrameErrorCode = 'invalid_frame' | 'pipeline_failure' | 'internal_error';

/** A frame that produced no result. `detail` is sent to the peer: it never contains a path or a stack trace. */
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

/** Further issues are only counted. */
const maxIssues = 25;
/** Per line: longer text quotes a file and explains nothing more. */
const maxIssueLength = 500;

/** The server cannot start with its configuration. The message is for the operator: one line per issue, whatever it quotes. */
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

/** Quoted files may contain anything: line breaks, escape sequences, a key of a megabyte. */
function issueLine(issue: string): string {
  const line = issue.slice(0, maxIssueLength).replace(/\p{C}/gu, ' ');
  return issue.length > maxIssueLength ? `${line}…` : line;
}

/**
 * The server cannot start now, although the configuration may be correct: the port is in use, or memory or file descriptors are
 * exhausted. Retrying may help.
 */
export class StartError extends ConfigError {
  constructor(issues: readonly string[], options?: ErrorOptions) {
    super(issues, options);
    this.name = 'StartError';
  }
}

/** Error codes of the system and of Node for resources that are exhausted and may become available later. */
const shortages: ReadonlySet<unknown> = new Set([
  'EAGAIN',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'ERR_WORKER_INIT_FAILED',
  'ERR_WORKER_OUT_OF_MEMORY',
]);

/** Exit code for a wrong configuration, file or flag. A service manager should not restart the process. */
export const configExitCode = 2;

/** Exit code for every other failure. A service manager should restart the process. */
export const failureExitCode = 1;

/** @returns the exit code: {@link configExitCode}, unless the error or one of its causes is temporary. */
export function exitCodeOf(error: ConfigError): number {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof StartError || ('code' in cause && shortages.has(cause.code))) return failureExitCode;
  }
  return configExitCode;
}
