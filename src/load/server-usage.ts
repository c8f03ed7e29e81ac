/** CPU and memory of the server under load, read from Linux's /proc if it runs on this machine. Main thread. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Resource usage of the server's processes since they started. */
export interface UsageSample {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** Resource usage of the server during the measurement. */
export interface ServerUsage {
  readonly pids: readonly number[];
  /** Name of the listening process. */
  readonly command: string;
  readonly cpuSeconds: number;
  /** The same, until the last reply or the end of the drain timeout: includes the work for late results. */
  readonly cpuSecondsToLast: number;
  /** At the end of the measurement. Memory shared by processes counts once per process. */
  readonly rssBytes: number;
}

/** The processes that listen on an address, or the reason why they cannot be measured. */
export type ServerWatch =
  | { readonly found: true; readonly pids: readonly number[]; readonly command: string }
  | { readonly found: false; readonly reason: string };

/** USER_HZ on every Linux that Node runs on: the unit of times in /proc, independent of the kernel's tick rate. */
const ticksPerSecond = 100;
const bytesPerKilobyte = 1024;
/** Column `st` of /proc/net/tcp for a listening socket. */
const listening = '0A';

/** Loopback and wildcard addresses as /proc/net/tcp and tcp6 write them: 32-bit words in the machine's (little) order. */
const loopback4 = /^(0000000000000000FFFF0000)?[0-9A-F]{6}7F$/;
const wildcard4 = /^(0000000000000000FFFF0000)?00000000$/;
const loopback6 = /^0{24}01000000$/;
const wildcard6 = /^0{32}$/;

/** Finds the processes that listen on a stream's address. Only a loopback address is known to be this machine. */
export function findServer(url: URL): ServerWatch {
  if (process.platform !== 'linux') return { found: false, reason: `no /proc on ${process.platform}` };
  const patterns = addressPatterns(url.hostname);
  if (patterns === undefined) return { found: false, reason: `${url.hostname} is not a loopback address` };
  const port = Number(url.port) || (url.protocol === 'wss:' ? 443 : 80);
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readText(path) ?? '').join('\n');
  const inodes = listenersOn(tables, port, patterns);
  if (inodes.size === 0) return { found: false, reason: `nothing on this machine listens on port ${port}` };
  const pids = holdersOf(inodes);
  const [pid] = pids;
  if (pid === undefined) return { found: false, reason: 'the server belongs to another user' };
  return { found: true, pids, command: commandOf(pid) };
}

/** @returns the inodes of sockets listening on `port` at a matching address, from the text of /proc/net/tcp and tcp6. */
export function listenersOn(tables: string, port: number, addresses: readonly RegExp[]): Set<string> {
  const inodes = new Set<string>();
  for (const line of tables.split('\n')) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address = '', hexPort = ''] = local.split(':');
    if (state !== listening || Number.parseInt(hexPort, 16) !== port || inode === undefined) continue;
    if (addresses.some((pattern) => pattern.test(address))) inodes.add(inode);
  }
  return inodes;
}

/** Listening addresses that a connection to `host` can reach; `undefined` if the host may be another machine. */
export function addressPatterns(host: string): RegExp[] | undefined {
  const of4 = [loopback4, wildcard4, wildcard6];
  const of6 = [loopback6, wildcard6];
  if (host === 'localhost') return [...of4, ...of6];
  if (/^127\.\d+\.\d+\.\d+$/.test(host)) return of4;
  return host === '[::1]' ? of6 : undefined;
}

/** Reads the current usage of processes and all their descendants. */
export function sampleUsage(roots: readonly number[]): UsageSample {
  const stats = new Map(numbersIn('/proc').flatMap((pid) => statEntry(pid)));
  const processTree = new Set(roots);
  // A child's PID may be lower than its parent's, so repeat until no new process is found.
  for (let size = 0; size < processTree.size; ) {
    size = processTree.size;
    for (const [pid, { parent }] of stats) if (processTree.has(parent)) processTree.add(pid);
  }
  let ticks = 0;
  let rssBytes = 0;
  for (const pid of processTree) {
    ticks += stats.get(pid)?.ticks ?? 0;
    rssBytes += residentBytes(pid);
  }
  return { cpuSeconds: ticks / ticksPerSecond, rssBytes };
}

/** @returns `undefined` if the server cannot be measured. */
export function usageBetween(
  watch: ServerWatch,
  start?: UsageSample,
  end?: UsageSample,
  last?: UsageSample,
): ServerUsage | undefined {
  if (!watch.found || start === undefined || end === undefined || last === undefined) return undefined;
  return {
    pids: watch.pids,
    command: watch.command,
    cpuSeconds: end.cpuSeconds - start.cpuSeconds,
    cpuSecondsToLast: last.cpuSeconds - start.cpuSeconds,
    rssBytes: end.rssBytes,
  };
}

interface ProcessStat {
  readonly parent: number;
  /** CPU time of the process and of its terminated children. */
  readonly ticks: number;
}

/** Parses /proc/PID/stat. The name may contain spaces and parentheses, so fields start after the last parenthesis. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // `proc_pid_stat(5)` numbers pid and name 1 and 2; the first field here is number 3.
  const field = (number: number) => Number(fields[number - 3]);
  const [parent, utime, stime, cutime, cstime] = [field(4), field(14), field(15), field(16), field(17)];
  return { parent, ticks: utime + stime + cutime + cstime };
}

function statEntry(pid: number): [number, ProcessStat][] {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? [] : [[pid, parseStat(text)]];
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(kilobytes ?? 0) * bytesPerKilobyte;
}

function commandOf(pid: number): string {
  return (readText(`/proc/${pid}/comm`) ?? '').trim();
}

/** Processes that have one of these sockets open. Processes of other users are not visible. */
function holdersOf(inodes: ReadonlySet<string>): number[] {
  const names = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  return numbersIn('/proc').filter((pid) =>
    numbersIn(`/proc/${pid}/fd`).some((fd) => names.has(readLink(`/proc/${pid}/fd/${fd}`) ?? '')),
  );
}

function numbersIn(folder: string): number[] {
  return (orUndefined(() => readdirSync(folder)) ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
}

function readText(path: string): string | undefined {
  return orUndefined(() => readFileSync(path, 'utf8'));
}

function readLink(path: string): string | undefined {
  return orUndefined(() => readlinkSync(path));
}

/** Processes may exit while they are being read. */
function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
