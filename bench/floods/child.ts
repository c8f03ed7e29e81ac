/** Starts the bench's own processes and gives what they say. Main thread. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** From any priority to 19, the least that a process can have of a processor that others want. */
const toLowestPriority = '39';

export interface Child<Message extends { readonly type: string }> {
  /** The first message of one of these types; rejects where the process ends before. */
  next<Type extends Message['type']>(...types: Type[]): Promise<Extract<Message, { type: Type }>>;
  send(message: object): void;
  kill(): Promise<void>;
}

/**
 * @param entry file beside this one.
 * @param setup what it finds as JSON in its first argument.
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
    next: (...types) => nextOf(child, seen, types),
    send: (message) => {
      if (child.connected) child.send(message);
    },
    kill: async () => {
      kill();
      await ended;
    },
  };
}

function nextOf<Message extends { readonly type: string }, Type extends Message['type']>(
  child: ChildProcess,
  seen: readonly Message[],
  types: readonly Type[],
): Promise<Extract<Message, { type: Type }>> {
  const isMeant = (message: Message): message is Extract<Message, { type: Type }> =>
    types.some((type) => type === message.type);
  const before = seen.find(isMeant);
  if (before !== undefined) return Promise.resolve(before);
  return new Promise((resolve, reject) => {
    const fail = (how: number | string | null) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${how}`));
    const endedWith = child.exitCode ?? child.signalCode;
    if (endedWith !== null) fail(endedWith);
    const look = (message: unknown) => {
      if (!isMeant(message as Message)) return;
      child.off('message', look);
      resolve(message as Extract<Message, { type: Type }>);
    };
    child.on('message', look);
    child.once('close', (code, signal) => fail(code ?? signal));
  });
}
