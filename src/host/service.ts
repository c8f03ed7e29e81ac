/**
 * Makes a host visible to `nats micro ls`, `info` and `stats`. The protocol is that of NATS services:
 * https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md. Main thread.
 */
import type { Channel } from '../broker/channel.ts';
import { protocolVersion } from '../broker/statuses.ts';
import type { Subjects } from '../broker/subjects.ts';
import { timestamp } from '../observe/timestamp.ts';
import type { Host, HostIdentity } from './host.ts';

export interface ServiceOptions {
  readonly channel: Channel;
  readonly subjects: Subjects;
  readonly identity: HostIdentity;
  readonly group: string;
  readonly host: Host;
}

const serviceName = 'framegate';
const description = 'Runs the frames of framegate gateways';
const endpointName = 'run';
const nanosecondsPerMillisecond = 1_000_000;

/** Answers requests for this host, for all hosts, and for all services. */
export function registerService(options: ServiceOptions): void {
  const { channel, identity } = options;
  const startedAt = timestamp();
  const replies = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identityOf(options) }),
    INFO: () => infoOf(options),
    STATS: () => statsOf(options, startedAt),
  };
  for (const [verb, replyOf] of Object.entries(replies)) {
    for (const suffix of ['', `.${serviceName}`, `.${serviceName}.${identity.id}`]) {
      channel.subscribe(`$SRV.${verb}${suffix}`, ({ reply }) => {
        if (reply !== '') channel.publish(reply, JSON.stringify(replyOf()));
      });
    }
  }
}

/** Values of the metadata are text. */
function identityOf({ identity, group, host }: ServiceOptions): object {
  const { workers, setups, loaded } = host.status();
  const providers = [...new Set(setups.flatMap(({ models }) => models.map(({ provider }) => provider)))];
  const metadata = {
    host: identity.name,
    group,
    protocol: String(protocolVersion),
    workers: String(workers.size),
    ready_workers: String(workers.ready),
    providers: providers.join(','),
    pipelines: loaded.join(','),
    gateways: String(host.gateways),
  };
  return { name: serviceName, id: identity.id, version: identity.version, metadata };
}

function infoOf(options: ServiceOptions): object {
  const { subjects, identity, host } = options;
  return {
    ...{ type: 'io.nats.micro.v1.info_response', ...identityOf(options), description },
    endpoints: [
      {
        ...{ name: endpointName, subject: subjects.run(identity.id), queue_group: '' },
        /** Fingerprint by pipeline. */
        metadata: host.status().pipelines,
      },
    ],
  };
}

function statsOf(options: ServiceOptions, started: string): object {
  const { subjects, identity, host } = options;
  const { frames, refused, busyMs } = host.totals;
  const processingNs = Math.round(busyMs * nanosecondsPerMillisecond);
  return {
    ...{ type: 'io.nats.micro.v1.stats_response', ...identityOf(options), started },
    endpoints: [
      {
        ...{ name: endpointName, subject: subjects.run(identity.id), queue_group: '' },
        ...{ num_requests: frames + refused, num_errors: refused, last_error: refused > 0 ? 'frame refused' : '' },
        processing_time: processingNs,
        average_processing_time: frames === 0 ? 0 : Math.round(processingNs / frames),
      },
    ],
  };
}
