/** The commands `framegate token …`: their options. Each is imported when it runs. */
import type { Command } from 'commander';
import { numberIn } from './number-option.ts';
import type { CreateTokenFlags, TokenFileFlags } from './token.ts';

export function addTokenCommands(program: Command): void {
  const tokens = program
    .command('token')
    .description('manage the tokens of clients; see docs/guides/authentication.md');
  /** As for `STREAM_MAX_SESSIONS`. */
  const maxTokenSessions = 100_000;
  /** More than any result has. */
  const maxResultItems = 1_000_000;
  const tokenFileHelp = 'token file (AUTH_TOKENS_FILE)';

  tokens
    .command('create <name>')
    .description('add a token and print it, once')
    .option('--file <file>', tokenFileHelp)
    .option('--scope <list>', 'stream, frames, admin', 'stream,frames')
    .option('--pipelines <list>', 'pipeline ids, or all', 'all')
    .option('--max-fps <n>', 'maximum frames per second', numberIn({ above: 0 }))
    .option('--max-sessions <n>', 'maximum open sessions', numberIn({ min: 1, max: maxTokenSessions, isWhole: true }))
    .option(
      '--max-detections <n>',
      'maximum detections per frame',
      numberIn({ min: 0, max: maxResultItems, isWhole: true }),
    )
    .option(
      '--max-text-length <n>',
      'maximum characters of text per frame',
      numberIn({ min: 0, max: maxResultItems, isWhole: true }),
    )
    .option('--expires <when>', 'days such as 90d, or a date')
    .action(async (name: string, flags: CreateTokenFlags) => {
      const { createNamedToken } = await import('./token.ts');
      createNamedToken(name, flags);
    });

  tokens
    .command('list')
    .description('list the tokens with what they permit')
    .option('--file <file>', tokenFileHelp)
    .action(async (flags: TokenFileFlags) => {
      const { listTokens } = await import('./token.ts');
      listTokens(flags);
    });

  tokens
    .command('revoke <name>')
    .description('remove a token')
    .option('--file <file>', tokenFileHelp)
    .action(async (name: string, flags: TokenFileFlags) => {
      const { revokeToken } = await import('./token.ts');
      revokeToken(name, flags);
    });
}
