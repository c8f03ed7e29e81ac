/** Discovery messages of Home Assistant. */
import { test } from 'tap';
import { countSensor, lastTextSensor } from '../../../../src/camera/publish/discovery.ts';
import { Topics } from '../../../../src/camera/publish/topics.ts';

const topics = new Topics('framegate', ['gate']);
const options = { prefix: 'homeassistant', topics, version: '1.2.3' };

test('a count is a sensor of the camera, available while bridge and camera are', async (t) => {
  const { topic, payload } = countSensor(options, 'gate', 'main', 'in');
  t.match(topic, /^homeassistant\/sensor\/framegate_[0-9a-f]{12}\/config$/);
  t.match(JSON.parse(payload), {
    name: 'main in',
    state_topic: 'framegate/camera/gate/counts/main/in',
    value_template: '{{ value_json.total }}',
    state_class: 'total_increasing',
    unique_id: topic.split('/')[2],
    availability: [{ topic: topics.bridgeAvailability }, { topic: 'framegate/camera/gate/availability' }],
    availability_mode: 'all',
    device: { name: 'gate', sw_version: '1.2.3' },
  });
});

test('only counts that never fall are increasing', async (t) => {
  const classOf = (kind: string) =>
    JSON.parse(countSensor(options, 'gate', 'main', kind).payload).state_class as string;
  for (const kind of ['in', 'out', 'enter', 'leave', 'dwell']) t.equal(classOf(kind), 'total_increasing', kind);
  for (const kind of ['inside', 'queue']) t.equal(classOf(kind), 'measurement', kind);
});

test('the last text is cut to what Home Assistant takes', async (t) => {
  const { payload } = lastTextSensor(options, 'gate');
  t.match(JSON.parse(payload), {
    name: 'Last text',
    state_topic: 'framegate/camera/gate/last_text',
    value_template: '{{ value_json.text[:255] }}',
  });
});

test('names from outside get into no template and no topic, and ids differ', async (t) => {
  const hostile = ["'] }}{{ states('lock.door') }}", '{% for x in y %}', 'a/b', 'a/c', '\0', 'x'.repeat(5000)];
  const all = hostile.flatMap((name) => [
    countSensor(options, name, 'z', 'in'),
    countSensor(options, 'gate', name, 'in'),
    countSensor(options, 'gate', 'z', name),
  ]);
  for (const { topic, payload } of all) {
    t.match(topic, /^homeassistant\/sensor\/[a-z0-9_]+\/config$/);
    t.ok(payload.length < 2000);
    const { value_template, json_attributes_template } = JSON.parse(payload) as Record<string, string>;
    t.strictSame(
      [value_template, json_attributes_template],
      ['{{ value_json.total }}', '{{ value_json.labels | tojson }}'],
    );
  }
  t.equal(new Set(all.map(({ topic }) => topic)).size, all.length);
});
