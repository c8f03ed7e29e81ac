/** `framegate gpu check`: which execution providers work on this machine, and why not. Main thread. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configOfProcess } from '../config.ts';
import { deviceNames } from '../gpu/device-names.ts';
import { explainProvider } from '../gpu/explain.ts';
import { libraryPathFor } from '../gpu/folders.ts';
import type { Explanation, ProviderFacts } from '../gpu/provider-facts.ts';
import { readProviderFacts } from '../gpu/read-facts.ts';
import { halfPrecision } from '../models/tiny-model.ts';
import { printable } from './printable.ts';
import { type ProbeResult, runProbe } from './probe-process.ts';

export interface GpuCheckFlags {
  readonly model?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

/** The smallest model that ships. */
const defaultModel = fileURLToPath(new URL('../../native-models/plate-yolo/model.onnx', import.meta.url));

/** Checked even if `ORT_PROVIDERS` does not name them. */
const usualProviders: readonly string[] = ['cpu', 'webgpu', 'cuda', 'tensorrt'];

const msPerSecond = 1000;

interface ProviderReport {
  readonly provider: string;
  readonly result: ProbeResult;
  /** Why it cannot be used; undefined if it can. */
  readonly explanation: Explanation | undefined;
  readonly devices: readonly string[];
  /** Whether models in half precision run; undefined where it was not tried. */
  readonly halfPrecision: boolean | undefined;
}

/** Prints one line per provider. @returns the exit code: 0 if every provider of `ORT_PROVIDERS` is usable. */
export async function checkGpu({ model, timeout, json }: GpuCheckFlags): Promise<number> {
  const wanted: readonly string[] = configOfProcess().providers;
  const env = { ...process.env };
  const libraryPath = libraryPathFor(env);
  if (libraryPath !== undefined) env['LD_LIBRARY_PATH'] = libraryPath;
  const facts = readProviderFacts({ env });
  const names = [...usualProviders, ...wanted.filter((name) => !usualProviders.includes(name))];
  const reports: ProviderReport[] = [];
  // One after the other: they would share the GPU, and the times would say nothing.
  for (const provider of names) {
    const options = {
      provider,
      file: model === undefined ? defaultModel : resolve(model),
      env,
      timeoutMs: timeout * msPerSecond,
    };
    const report = await check(options, facts);
    reports.push(report);
    if (!json) process.stdout.write(`${lineOf(report)}\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(reports.map((report) => jsonOf(report, wanted)))}\n`);
  const isUsable = ({ explanation }: ProviderReport) => explanation === undefined;
  return reports.every((report) => isUsable(report) || !wanted.includes(report.provider)) ? 0 : 1;
}

async function check(options: Parameters<typeof runProbe>[0], facts: ProviderFacts): Promise<ProviderReport> {
  const { provider } = options;
  const result = await runProbe(options);
  if ('error' in result) {
    const explanation = explainProvider(provider, result.error, facts);
    return { provider, result, explanation, devices: [], halfPrecision: undefined };
  }
  const half = provider === 'webgpu' ? !('error' in (await runProbe({ ...options, file: halfPrecision }))) : undefined;
  return { provider, result, explanation: undefined, devices: deviceNames(result.devices), halfPrecision: half };
}

/** As wide as the longest name of a usual provider. */
const nameWidth = 9;

function lineOf({ provider, result, explanation, devices, halfPrecision: half }: ProviderReport): string {
  const name = provider.padEnd(nameWidth);
  // An error may quote a file or a device, whose text must not contain terminal escapes.
  if (explanation !== undefined || 'error' in result)
    return printable(`${name} not usable: ${explanation?.reason}. Fix: ${explanation?.fix}.`);
  const times = `load ${shownMs(result.loadMs)}, first run ${shownMs(result.firstMs)}, run ${shownMs(result.ms)}`;
  const precision = half === undefined ? [] : [half ? 'half precision works' : 'no half precision'];
  return printable(`${name} usable: ${[times, ...precision, ...devices].join('; ')}`);
}

const shownMs = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function jsonOf(
  { provider, result, explanation, devices, halfPrecision: half }: ProviderReport,
  wanted: readonly string[],
): object {
  const base = { provider, wanted: wanted.includes(provider), usable: explanation === undefined };
  if ('error' in result) return { ...base, ...explanation, error: result.error };
  const times = { load_ms: round(result.loadMs), first_run_ms: round(result.firstMs), run_ms: round(result.ms) };
  return { ...base, ...times, devices, ...(half === undefined ? {} : { half_precision: half }) };
}

const round = (ms: number) => Math.round(ms * 100) / 100;
