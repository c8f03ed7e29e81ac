/** The commands `framegate gpu …`: their options. Each is imported when it runs. */
import type { Command } from 'commander';
import type { GpuCheckFlags } from './gpu-check.ts';
import type { GpuInstallFlags } from './gpu-install.ts';
import { numberIn } from './number-option.ts';

export function addGpuCommands(program: Command): void {
  const gpu = program.command('gpu').description('install and check what GPUs need; see docs/guides/gpu.md');

  gpu
    .command('install')
    .description('download the libraries that CUDA needs (1.2 GB), on Linux x64')
    .option('--dry-run', 'only list them')
    .option('--system-cuda', "only ONNX Runtime's providers; the system has CUDA 13 and cuDNN")
    .action(async (flags: GpuInstallFlags) => {
      const { installGpu } = await import('./gpu-install.ts');
      process.exitCode = await installGpu(flags);
    });

  gpu
    .command('check')
    .description('try each execution provider; says what is missing, and how to fix it')
    .option('--model <file>', 'model to run; without it, the smallest one that ships')
    .option('--timeout <s>', 'seconds that one provider may take', numberIn({ above: 0, max: 3600 }), 120)
    .option('--json', 'print JSON')
    .action(async (flags: GpuCheckFlags) => {
      const { checkGpu } = await import('./gpu-check.ts');
      process.exitCode = await checkGpu(flags);
    });
}
