/** Parses HTTP/1.1 requests strictly according to RFC 9112, like a careful proxy. Tests only. */

/** `METHOD /target` of the valid requests at the start of the bytes; the body of the last one may be missing. */
export function strictRequests(text: string): string[] {
  const requests: string[] = [];
  let rest = text;
  while (rest !== '') {
    const request = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[!-~]*) HTTP\/1\.1\r\n([\s\S]*?)\r\n\r\n/.exec(rest);
    if (request === null) break;
    const [head, method, target, headers = ''] = request;
    const length = bodyLength(headers.split('\r\n'), rest.slice(head.length));
    if (length === undefined) break;
    requests.push(`${method} ${target}`);
    if (length > rest.length - head.length) break;
    rest = rest.slice(head.length + length);
  }
  return requests;
}

/** @returns `undefined` if the headers or chunks are malformed, or the length is ambiguous. */
function bodyLength(lines: readonly string[], rest: string): number | undefined {
  const values = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*?)[ \t]*$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === '' || values.has(key)) return undefined;
    values.set(key, value);
  }
  const coding = values.get('transfer-encoding');
  const length = values.get('content-length');
  if (!values.has('host') || (coding !== undefined && length !== undefined)) return undefined;
  if (coding !== undefined) return coding.toLowerCase() === 'chunked' ? chunkedLength(rest) : undefined;
  if (length === undefined) return 0;
  return /^\d+$/.test(length) ? Number(length) : undefined;
}

function chunkedLength(body: string): number | undefined {
  let at = 0;
  for (;;) {
    const size = /^([0-9A-Fa-f]{1,8})\r\n/.exec(body.slice(at));
    if (size === null) return undefined;
    const bytes = Number.parseInt(size[1] as string, 16);
    const end = at + size[0].length + bytes;
    if (body.slice(end, end + 2) !== '\r\n') return undefined;
    at = end + 2;
    if (bytes === 0) return at;
  }
}
