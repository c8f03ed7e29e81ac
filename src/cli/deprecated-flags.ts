/** Deprecated flags and values: each still works and prints one line with its replacement to standard error. Any process. */

/** Old flag → new flag, per command. */
const renamedFlags: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  camera: { '--silence': '--stall-timeout' },
  bench: { '--grace': '--drain-timeout', '--obey': '--adaptive', '--workers': '--threads' },
};

/** Old value → new value, per command and flag. */
const renamedValues: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  bench: { '--phase': { locked: 'aligned', spread: 'staggered' } },
};

/**
 * Replaces deprecated flags and values with the current ones.
 * @param args the command line after `framegate`: the command and its arguments.
 * @param warn called with one line per deprecated flag or value.
 */
export function replaceDeprecatedFlags(args: readonly string[], warn: (line: string) => void): string[] {
  const [command = ''] = args;
  const flags = renamedFlags[command] ?? {};
  const values = renamedValues[command] ?? {};
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const options = args.slice(0, end).map((arg, index) => {
    const [flag = '', value] = splitAtEquals(arg);
    const newFlag = flags[flag];
    if (newFlag !== undefined) {
      warn(`${flag} is deprecated; use ${newFlag}`);
      return value === undefined ? newFlag : `${newFlag}=${value}`;
    }
    if (value === undefined) return replaceValue(values, args[index - 1] ?? '', arg, warn);
    return values[flag] === undefined ? arg : `${flag}=${replaceValue(values, flag, value, warn)}`;
  });
  return [...options, ...args.slice(end)];
}

function splitAtEquals(arg: string): [string, string?] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function replaceValue(
  values: Readonly<Record<string, Readonly<Record<string, string>>>>,
  flag: string,
  value: string,
  warn: (line: string) => void,
): string {
  const newValue = values[flag]?.[value];
  if (newValue === undefined) return value;
  warn(`${flag} ${value} is deprecated; use ${flag} ${newValue}`);
  return newValue;
}
