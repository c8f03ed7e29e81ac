/** Connects a gateway or a host to the broker of its configuration. Main thread. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Broker } from '../broker/broker.ts';
import { Subjects } from '../broker/subjects.ts';
import type { BrokerConfig } from '../broker-config.ts';
import type { Config } from '../config.ts';
import type { Log } from '../observe/log.ts';
import { fingerprintPipelines } from '../pipeline/fingerprints.ts';
import type { Pipeline } from '../pipeline/registry.ts';
import { customToolFiles } from '../pipeline/tool-files.ts';
import { maxStateBytes } from '../session-state.ts';
import { version } from '../version.ts';

/** Room in a message for its header, far above what one takes. Beside it are the frame and the state of its session. */
const headerRoomBytes = 16_384;
/** Enough to be unique among the processes of a group. */
const idLength = 12;

export interface BrokerConnection {
  readonly broker: Broker;
  readonly subjects: Subjects;
  readonly identity: { readonly id: string; readonly name: string; readonly version: string };
}

/** @throws ConfigError if the broker refuses the credentials, or takes only smaller messages than needed. */
export async function connectBroker(
  role: 'gateway' | 'host',
  brokerConfig: BrokerConfig,
  config: Pick<Config, 'hostName' | 'maxFrameBytes'>,
  log: Log,
): Promise<BrokerConnection> {
  const name = config.hostName ?? hostname();
  const minPayloadBytes = config.maxFrameBytes + headerRoomBytes + maxStateBytes;
  const options = { config: brokerConfig, name: `framegate ${role} ${name}`, minPayloadBytes, log };
  const broker = await Broker.connect(options);
  const id = randomUUID().replaceAll('-', '').slice(0, idLength);
  return { broker, subjects: new Subjects(brokerConfig.group), identity: { id, name, version } };
}

/** Fingerprint of each pipeline, by id. @throws ConfigError if a file cannot be read. */
export function fingerprintsOf(pipelines: readonly Pipeline[], modelsDir: string): Promise<Map<string, string>> {
  return fingerprintPipelines(pipelines, customToolFiles(modelsDir));
}
