/** Starts the benchmark's child processes and receives their messages. Main thread. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Increment that reaches nice 19, the lowest priority, from any value. */
const toLowestPriority = '39';

export interface Child<Message extends { readonly type: string }> {
  /** Resolves with the first message of one of these types; rejects if the process exits first. */
  next<Type extends Message['type']>(...types: Type[]): Promise<Extract<Message, { type: Type }>>;
  send(message: object): void;
  kill(): Promise<void>;
}

/**
 * @param entry file in this folder.
 * @param setup passed as JSON in the first argument.
 */
export function startChild<Message extends { readonly type: string }>(
  entry: string,
  setup: object,
  { isNice = false } = {},
): Child<Message> {
  const args = [process.execPath, fileURLToPath(new URL(entry, import.meta.url)), JSON.stringify(setup)];
  const [command = '', ...rest] = isNice ? ['nice', '-n', toLowestPriority, ...args] : args;
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => process.off('exit', kill));
  const seen: Message[] = [];
  child.on('message', (message) => seen.push(message as Message));
  return {
    next: (...types) => nextMessage(child, seen, types),
    send: (message) => {
      if (child.connected) child.send(message);
    },
    kill: async () => {
      kill();
      await ended;
    },
  };
}

function nextMessage<Message extends { readonly type: string }, Type extends Message['type']>(
  child: ChildProcess,
  seen: readonly Message[],
  types: readonly Type[],
): Promise<Extract<Message, { type: Type }>> {
  const matches = (message: Message): message is Extract<Message, { type: Type }> =>
    types.some((type) => type === message.type);
  const before = seen.find(matches);
  if (before !== undefined) return Promise.resolve(before);
  return new Promise((resolve, reject) => {
    const fail = (how: number | string | null) => reject(new Error(`${child.spawnargs.join(' ')} exited with ${how}`));
    const endedWith = child.exitCode ?? child.signalCode;
    if (endedWith !== null) fail(endedWith);
    const look = (message: unknown) => {
      if (!matches(message as Message)) return;
      child.off('message', look);
      resolve(message as Extract<Message, { type: Type }>);
    };
    child.on('message', look);
    child.once('close', (code, signal) => fail(code ?? signal));
  });
}
