/** Words for what an HTTP camera answers, and for a network that does not let it answer. Pure. */
import { STATUS_CODES } from 'node:http';
import { reasonOf } from '../client/reason.ts';
import type { LastWords } from './last-words.ts';

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'the camera closed the connection',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'No route to host',
  ENOTFOUND: 'the host has no address (is its name right?)',
  EAI_AGAIN: 'the host has no address (is its name right?)',
};

/** Words for a status that is no answer. */
export function wordsOfStatus(status: number, hasLogin: boolean): LastWords {
  switch (status) {
    case 401: {
      const reason = hasLogin ? 'user or password is wrong' : 'the address needs a user and a password';
      return { detail: `401 Unauthorized: ${reason}`, healing: 'never' };
    }
    case 403:
      return { detail: '403 Forbidden: the user may not see this camera', healing: 'never' };
    case 404:
      return { detail: '404 Not Found: no such stream or picture', healing: 'likely' };
    default:
      return { detail: `${status} ${STATUS_CODES[status] ?? ''}`.trim(), healing: 'likely' };
  }
}

/** Words for an error of Node. */
export function wordsOfError(error: Error): LastWords {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return { detail: networkWords[code] ?? reasonOf(error), healing: 'likely' };
}
