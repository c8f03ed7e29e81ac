/** Starts a target as planned. The MQTT library is loaded only if a broker is among them. Main thread of the bridge. */
import type { Target, TargetNotice, TargetPlan } from './target.ts';
import { prefixOf } from './target-url.ts';
import { Topics } from './topics.ts';
import { WebhookTarget } from './webhook-target.ts';

const mqttPort = 1883;
const mqttTlsPort = 8883;

export interface OpenTargetOptions {
  readonly plan: TargetPlan;
  /** The cameras that publish to it. */
  readonly cameras: readonly string[];
  /** Of framegate. */
  readonly version: string;
  readonly onNotice: (notice: TargetNotice) => void;
}

export async function openTarget({ plan, cameras, version, onNotice }: OpenTargetOptions): Promise<Target> {
  const { url, tls } = plan;
  const common = { name: plan.shown, onNotice };
  if (plan.kind === 'webhook') return new WebhookTarget({ ...common, url, tls, secret: plan.secret, version });
  const [{ MqttTarget }, { openMqtt }] = await Promise.all([
    import('./mqtt-target.ts'),
    import('./mqtt-connection.ts'),
  ]);
  const topics = new Topics(prefixOf(url), cameras);
  const usesTls = url.protocol === 'mqtts:';
  return new MqttTarget({
    ...common,
    broker: {
      // Without the brackets of an IPv6 address.
      host: decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1')),
      port: url.port === '' ? (usesTls ? mqttTlsPort : mqttPort) : Number(url.port),
      ...{ usesTls, tls },
      user: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: plan.password,
    },
    topics,
    discovery: plan.discovery === undefined ? undefined : { prefix: plan.discovery, topics, version },
    ...{ cameras, open: openMqtt },
  });
}
