/** Error messages for HTTP statuses and network errors of a camera. Pure. */
import { STATUS_CODES } from 'node:http';
import { reasonOf } from '../client/reason.ts';
import type { ExitReason } from './exit-reason.ts';

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'camera closed the connection',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'No route to host',
  ENOTFOUND: 'host name cannot be resolved; check the spelling',
  EAI_AGAIN: 'host name cannot be resolved; check the spelling',
};

/** The reason for a status other than 2xx. */
export function statusReason(status: number, hasLogin: boolean): ExitReason {
  switch (status) {
    case 401: {
      const reason = hasLogin ? 'wrong user name or password' : 'the address needs a user name and password';
      return { detail: `401 Unauthorized: ${reason}`, retryable: 'no' };
    }
    case 403:
      return { detail: '403 Forbidden: the user has no access to this camera', retryable: 'no' };
    case 404:
      return { detail: '404 Not Found: no such stream or image', retryable: 'yes' };
    default:
      return { detail: `${status} ${STATUS_CODES[status] ?? ''}`.trim(), retryable: 'yes' };
  }
}

/** The reason for a Node error. */
export function errorReason(error: Error): ExitReason {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return { detail: networkReasons[code] ?? reasonOf(error), retryable: 'yes' };
}
