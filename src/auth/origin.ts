/** Which pages may use the gateway: checks the headers `Origin` and `Host`. Pure. */
import { isIP } from 'node:net';

/** Every page may use the gateway. */
const anyOrigin = '*';

/** The opaque origin of local files, sandboxed frames and redirects. */
const opaqueOrigin = 'null';

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };

const originPattern = /^([a-z][a-z\d+.-]*):\/\/(\[[\da-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?$/i;
const hostPattern = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?$/i;

interface Host {
  readonly name: string;
  readonly port: string | undefined;
}

interface Origin extends Host {
  readonly scheme: string;
}

/** The headers that are checked. Empty if absent. `X-Forwarded-Host` is not among them, since anyone can send it. */
export interface PageHeaders {
  readonly host: string;
  readonly origin: string;
}

/** Why a page is refused. */
export interface PageRefusal {
  readonly detail: string;
  /** The setting that would allow it. */
  readonly setting: 'ALLOWED_ORIGINS' | 'ALLOWED_HOSTS';
}

export class OriginRules {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;

  /** @param ownHost `HOST`: a name that the operator listens on is allowed. */
  constructor(allowedOrigins: readonly string[], allowedHosts: readonly string[], ownHost: string) {
    const parsed = allowedOrigins.map(parseOrigin);
    this.#origins = new Set(allowedOrigins.map((text) => canonicalOrigin(text) ?? text));
    this.#hosts = new Set([
      ...parsed.flatMap((origin) => origin?.name ?? []),
      ...[...allowedHosts, ownHost].flatMap((text) => parseHost(text)?.name ?? []),
    ]);
  }

  /**
   * Checks against DNS rebinding, by which a page makes its own name resolve to the gateway's address. Its requests are then same-origin
   * for the browser, but their `Host` is that name.
   */
  refuseHost({ host }: PageHeaders): PageRefusal | undefined {
    if (host === '' || this.#origins.has(anyOrigin)) return undefined;
    const name = parseHost(host)?.name;
    if (name !== undefined && (isAddress(name) || isLocal(name) || this.#hosts.has(name))) return undefined;
    return { detail: `Host ${quoted(host)} is not allowed`, setting: 'ALLOWED_HOSTS' };
  }

  /** Checks both. Without `Origin`, the client is not a page of another site. */
  refuse(headers: PageHeaders): PageRefusal | undefined {
    const { origin } = headers;
    const refused = this.refuseHost(headers);
    if (refused !== undefined || origin === '' || isSameOrigin(headers) || this.#isAllowed(origin)) return refused;
    return { detail: `Origin ${quoted(origin)} is not allowed`, setting: 'ALLOWED_ORIGINS' };
  }

  /** The value of `Access-Control-Allow-Origin`; undefined for a page that needs or gets none. */
  corsOrigin(headers: PageHeaders): string | undefined {
    const { origin } = headers;
    return origin !== '' && !isSameOrigin(headers) && this.refuse(headers) === undefined ? origin : undefined;
  }

  #isAllowed(origin: string): boolean {
    return this.#origins.has(anyOrigin) || this.#origins.has(canonicalOrigin(origin) ?? '');
  }
}

/** Behind a proxy with TLS, the gateway does not know the scheme of the page, so a missing port is the one of the origin's scheme. */
function isSameOrigin({ host, origin }: PageHeaders): boolean {
  const [page, own] = [parseOrigin(origin), parseHost(host)];
  const defaultPort = defaultPorts[page?.scheme ?? ''];
  if (page === undefined || own === undefined || defaultPort === undefined) return false;
  return page.name === own.name && (page.port ?? defaultPort) === (own.port ?? defaultPort);
}

function canonicalOrigin(text: string): string | undefined {
  if (text === opaqueOrigin) return text;
  const origin = parseOrigin(text);
  if (origin === undefined) return undefined;
  const { scheme, name, port } = origin;
  return `${scheme}://${name}:${port ?? defaultPorts[scheme] ?? ''}`;
}

function parseOrigin(text: string): Origin | undefined {
  const [, scheme = '', name = '', port] = originPattern.exec(text) ?? [];
  const canonical = canonicalName(name);
  return canonical === undefined ? undefined : { scheme: scheme.toLowerCase(), name: canonical, port };
}

function parseHost(text: string): Host | undefined {
  // `HOST` may be an IPv6 address, without brackets.
  const [, name = '', port] = hostPattern.exec(isIP(text) > 0 && text.includes(':') ? `[${text}]` : text) ?? [];
  const canonical = canonicalName(name);
  return canonical === undefined ? undefined : { name: canonical, port };
}

/** Lower case, without the dot of a fully qualified name, addresses in their usual form. */
function canonicalName(name: string): string | undefined {
  const address = `http://${name}`;
  if (name === '' || !URL.canParse(address)) return undefined;
  return new URL(address).hostname.replace(/\.$/, '') || undefined;
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** Browsers resolve these names to the loopback address without asking DNS. */
function isLocal(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

const maxQuotedLength = 100;

/** A header for a reply and the log: printable, limited length. */
function quoted(text: string): string {
  return text.slice(0, maxQuotedLength).replace(/[^\x21-\x7e]/g, '?');
}
