/**
 * Messages for the MQTT discovery of Home Assistant: a sensor per count and per last text. Pure.
 * No name from outside gets into a template, which Home Assistant would run.
 * @see https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
 */
import { cutName } from './scene-counts.ts';
import { idOf, type Topics } from './topics.ts';

export interface DiscoveryOptions {
  /** Where Home Assistant listens: `homeassistant`, unless it is configured otherwise. */
  readonly prefix: string;
  readonly topics: Topics;
  /** Of framegate. */
  readonly version: string;
}

export interface DiscoveryMessage {
  readonly topic: string;
  readonly payload: string;
}

/** Counts that never fall while a session lasts. At the start of the next one, they begin at 0 again, which `total_increasing` allows. */
const growingKinds: ReadonlySet<string> = new Set(['enter', 'leave', 'dwell', 'in', 'out']);

/** The sensor of one zone and kind. */
export function countSensor(options: DiscoveryOptions, camera: string, zone: string, kind: string): DiscoveryMessage {
  const topic = options.topics.counts(camera, zone, kind);
  return sensor(options, camera, ['counts', zone, kind], {
    name: `${cutName(zone)} ${cutName(kind)}`,
    state_topic: topic,
    value_template: '{{ value_json.total }}',
    json_attributes_topic: topic,
    json_attributes_template: '{{ value_json.labels | tojson }}',
    state_class: growingKinds.has(kind) ? 'total_increasing' : 'measurement',
    icon: 'mdi:counter',
  });
}

/** The sensor of a camera's last text. Home Assistant takes at most 255 characters. */
export function lastTextSensor(options: DiscoveryOptions, camera: string): DiscoveryMessage {
  const topic = options.topics.lastText(camera);
  return sensor(options, camera, ['last_text'], {
    name: 'Last text',
    state_topic: topic,
    value_template: '{{ value_json.text[:255] }}',
    json_attributes_topic: topic,
    json_attributes_template: '{{ value_json | tojson }}',
    icon: 'mdi:card-text-outline',
  });
}

function sensor(
  { prefix, topics, version }: DiscoveryOptions,
  camera: string,
  names: readonly string[],
  own: Readonly<Record<string, string>>,
): DiscoveryMessage {
  const id = `framegate_${idOf('sensor', topics.prefix, camera, ...names)}`;
  const payload = {
    ...own,
    unique_id: id,
    availability: [{ topic: topics.bridgeAvailability }, { topic: topics.availability(camera) }],
    availability_mode: 'all',
    device: {
      identifiers: [`framegate_${idOf('camera', topics.prefix, camera)}`],
      name: cutName(camera),
      manufacturer: 'framegate',
      model: 'camera',
      sw_version: version,
    },
    origin: { name: 'framegate', sw_version: version },
  };
  return { topic: `${prefix}/sensor/${id}/config`, payload: JSON.stringify(payload) };
}
