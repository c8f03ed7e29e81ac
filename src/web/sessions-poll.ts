/** Asks the gateway for its sessions once a second while the page is visible. */
import type { SessionsReply } from '../status.ts';
import { requestTimeoutMs } from './token.ts';

const intervalMs = 1000;
/** A gateway that does not answer is asked less often. */
const retryMs = 2000;

export type PollFailure = 'unreachable' | 'not_served' | 'refused' | 'failed' | 'not_a_gateway';

export interface PollEvents {
  reply(reply: SessionsReply): void;
  failed(failure: PollFailure): void;
}

export class SessionsPoll {
  readonly #events: PollEvents;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;

  constructor(events: PollEvents) {
    this.#events = events;
  }

  start(): void {
    document.addEventListener('visibilitychange', () => void this.#poll());
    void this.#poll();
  }

  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.hidden || this.#isAsking) return;
    this.#isAsking = true;
    const outcome = await askForSessions();
    this.#isAsking = false;
    if (typeof outcome === 'string') this.#events.failed(outcome);
    else this.#events.reply(outcome);
    this.#timer = setTimeout(() => void this.#poll(), typeof outcome === 'string' ? retryMs : intervalMs);
  }
}

async function askForSessions(): Promise<SessionsReply | PollFailure> {
  try {
    const response = await fetch('sessions', { signal: AbortSignal.timeout(requestTimeoutMs) });
    if (!response.ok) return failureOf(response.status);
    const reply = (await response.json()) as Partial<SessionsReply>;
    return reply.sessions === undefined ? 'not_a_gateway' : (reply as SessionsReply);
  } catch (error) {
    return error instanceof SyntaxError ? 'not_a_gateway' : 'unreachable';
  }
}

/** What a status means that is not 200. */
export function failureOf(status: number): PollFailure {
  if (status === 404) return 'not_served';
  if (status === 401 || status === 403) return 'refused';
  return status >= 502 && status <= 504 ? 'unreachable' : 'failed';
}

/** What to tell the user. */
export const failureTexts: Readonly<Record<PollFailure, { readonly title: string; readonly advice: string }>> = {
  unreachable: {
    title: 'The gateway cannot be reached',
    advice: 'It may be restarting. This page tries again every two seconds; the list below is the last one received.',
  },
  not_served: {
    title: 'Sessions are not listed at this address',
    advice:
      'The gateway may serve /sessions only at its admin address (ADMIN_HOST and ADMIN_PORT), or an older version may be running. Open this page at the admin address.',
  },
  refused: {
    title: 'Access to the sessions was refused',
    advice:
      'A proxy in front of the gateway does not let this browser read /sessions. Log in there, or use another address.',
  },
  failed: {
    title: 'The gateway could not list its sessions',
    advice: 'This page tries again every two seconds. If it goes on, look at the log of the gateway.',
  },
  not_a_gateway: {
    title: 'The reply is not from a framegate gateway',
    advice: 'Something else, such as the login page of a proxy, answers at /sessions.',
  },
};
