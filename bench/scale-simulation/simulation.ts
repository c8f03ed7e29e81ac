/** Runs a scene: cameras, gateways, and hosts in simulated time. */
import { seededRandom } from '../../test/support/seeded-random.ts';
import { Agenda } from './agenda.ts';
import { Camera } from './camera.ts';
import { Gateway } from './gateway.ts';
import { Host } from './host.ts';
import { grantIntervalMs, hostLostMs, moveMs, phasesOf, type Scene, zones } from './scene.ts';
import { type PhaseResult, Tally } from './tally.ts';

export interface ScaleResult {
  readonly phases: readonly PhaseResult[];
  /** All frames of the run, and those whose fate is known. */
  readonly offered: number;
  readonly settled: number;
  /** CPU time of the schedulers. */
  readonly microsecondsPerFrame: number;
}

export function simulateScale(scene: Scene): ScaleResult {
  return new Simulation(scene).run();
}

class Simulation {
  readonly #scene: Scene;
  readonly #agenda = new Agenda();
  readonly #random: () => number;
  readonly #tally: Tally;
  readonly #gateways: Gateway[];
  readonly #hosts: Host[];
  readonly #endMs: number;
  #cameras: Camera[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#random = seededRandom(scene.seed);
    const phases = phasesOf(scene);
    this.#endMs = phases.at(-1)?.untilMs ?? 0;
    this.#tally = new Tally(phases, scene.cameras);
    const [agenda, tally] = [this.#agenda, this.#tally];
    this.#gateways = Array.from({ length: scene.gateways }, (_, number) => {
      const drawOneWayMs = () => (scene.roundTripMs / 2) * (0.5 + this.#random());
      const sessionFailed = ({ camera }: { readonly camera: Camera }) => camera.disconnected();
      return new Gateway({ number, zone: number % zones, scene, agenda, drawOneWayMs, sessionFailed });
    });
    this.#hosts = Array.from({ length: scene.hosts }, (_, number) => {
      return new Host({
        number,
        zone: number % zones,
        scene,
        agenda,
        tally,
        drawServiceMs: () => this.#drawServiceMs(),
      });
    });
  }

  run(): ScaleResult {
    const { cameras, fps, settleMs, phaseMs, isZoneLost, serviceMs } = this.#scene;
    this.#cameras = Array.from({ length: cameras }, (_, number) => {
      const pickGateway = () => this.#pickGateway();
      return new Camera({
        ...{ number, fps, agenda: this.#agenda, tally: this.#tally, random: this.#random },
        ...{ pickGateway, endMs: this.#endMs },
      });
    });
    this.#grant();
    if (isZoneLost) {
      this.#agenda.at(settleMs + phaseMs, () => this.#loseZone(0));
      this.#agenda.at(settleMs + 2 * phaseMs, () => this.#returnZone(0));
    }
    this.#agenda.run();
    for (const host of this.#hosts) host.finish(this.#endMs);
    const sum = (of: (gateway: Gateway) => number) => this.#gateways.reduce((total, each) => total + of(each), 0);
    const microsecondsPerFrame = (1000 * sum(({ cpuMs }) => cpuMs)) / sum(({ frames }) => frames);
    return { phases: this.#tally.phases(serviceMs), ...this.#tally.totals(), microsecondsPerFrame };
  }

  /** Hosts and gateways exchange their status. */
  #grant(): void {
    const gateways = this.#gateways.filter(({ isUp }) => isUp);
    const hosts = this.#hosts.filter(({ isUp }) => isUp);
    for (const gateway of gateways) gateway.report();
    for (const host of hosts) host.grant(gateways, hosts.length);
    for (const gateway of gateways) gateway.capacityChanged();
    const nextMs = this.#agenda.nowMs + grantIntervalMs;
    if (nextMs < this.#endMs) this.#agenda.at(nextMs, () => this.#grant());
  }

  #loseZone(zone: number): void {
    const lostHosts = this.#hosts.filter((host) => host.zone === zone);
    for (const host of lostHosts) host.goDown();
    const lostGateways = this.#gateways.filter((gateway) => gateway.zone === zone);
    for (const gateway of lostGateways) gateway.goDown();
    for (const camera of this.#cameras) if (camera.gateway?.isUp === false) camera.disconnected();
    this.#agenda.at(this.#agenda.nowMs + hostLostMs, () => {
      const gateways = this.#gateways.filter(({ isUp }) => isUp);
      for (const gateway of gateways) for (const host of lostHosts) gateway.hostLost(host);
    });
  }

  #returnZone(zone: number): void {
    for (const each of [...this.#hosts, ...this.#gateways]) if (each.zone === zone) each.comeUp();
    const share = this.#gateways.filter((gateway) => gateway.zone === zone).length / this.#gateways.length;
    for (const camera of this.#cameras) {
      if (this.#random() < share) this.#agenda.at(this.#agenda.nowMs + moveMs * this.#random(), () => camera.connect());
    }
  }

  /** The balancer: of two gateways at random, the one with fewer sessions. */
  #pickGateway(): Gateway | undefined {
    const up = this.#gateways.filter(({ isUp }) => isUp);
    const any = () => up[Math.floor(this.#random() * up.length)];
    const [a, b] = [any(), any()];
    return a === undefined || b === undefined || a.sessions <= b.sessions ? a : b;
  }

  /** Log-normal, by the method of Box and Muller. */
  #drawServiceMs(): number {
    const { serviceMs, serviceDeviation } = this.#scene;
    const variance = Math.log(1 + serviceDeviation ** 2);
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return serviceMs * Math.exp(Math.sqrt(variance) * normal - variance / 2);
  }
}
