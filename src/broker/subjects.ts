/** The subjects of a group: who publishes what to whom. `docs/operations/hosts.md` lists them for permissions. Pure. */

/** First token of all of them. */
const prefix = 'framegate';

export class Subjects {
  readonly #group: string;

  constructor(group: string) {
    this.#group = `${prefix}.${group}`;
  }

  /** A host publishes what it can run; see `HostStatus`. */
  hostStatus(hostId: string): string {
    return `${this.#group}.host.${hostId}.status`;
  }

  /** Gateways publish frames for this host. */
  run(hostId: string): string {
    return `${this.#group}.host.${hostId}.run`;
  }

  /** A gateway publishes what it needs; see `GatewayStatus`. */
  gatewayStatus(gatewayId: string): string {
    return `${this.#group}.gateway.${gatewayId}.status`;
  }

  /** Hosts publish the outcome of a frame of this gateway. */
  reply(gatewayId: string, frame: string): string {
    return `${this.#group}.reply.${gatewayId}.${frame}`;
  }

  get everyHostStatus(): string {
    return this.hostStatus('*');
  }

  get everyGatewayStatus(): string {
    return this.gatewayStatus('*');
  }
}

/** The last token of a subject. */
export function lastToken(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
