/** An HTTP camera that returns one JPEG per request, optionally with a login. Tests only. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { type Listening, listenUntilOver } from './listening.ts';

export interface SnapshotCamera extends Listening {
  readonly url: string;
  /** The `Authorization` header of each request so far. */
  readonly requests: readonly (string | undefined)[];
  /** Number of connections so far. */
  readonly connections: () => number;
}

export interface SnapshotOptions {
  readonly port?: number;
  /** The image for each answered request, counted from 0. */
  readonly image?: (index: number) => Buffer;
  readonly type?: string;
  readonly login?: DigestLogin;
  /** Responds instead of the camera. @returns false to leave the request to the camera. */
  readonly answer?: (response: ServerResponse, index: number, request: IncomingMessage) => boolean;
}

export interface DigestLogin {
  readonly user: string;
  readonly password: string;
  /** How many requests a nonce is valid for. */
  readonly maxNonceUses?: number;
}

/** Serves until the test ends. */
export async function startSnapshotCamera(t: Test, options: SnapshotOptions = {}): Promise<SnapshotCamera> {
  const { port = 0, image = () => Buffer.alloc(0), type = 'image/jpeg', login, answer = () => false } = options;
  const requests: (string | undefined)[] = [];
  const auth = login === undefined ? undefined : new DigestAuth(login);
  let connections = 0;
  let answered = 0;
  const server = createServer((request, response) => {
    requests.push(request.headers.authorization);
    if (auth !== undefined && !auth.admits(request)) {
      response.writeHead(401, { 'www-authenticate': ['Basic realm="camera"', auth.challenge()] }).end();
      return;
    }
    const index = answered++;
    if (answer(response, index, request)) return;
    const jpeg = image(index);
    response.writeHead(200, { 'content-type': type, 'content-length': jpeg.length }).end(jpeg);
  });
  server.on('connection', () => {
    connections += 1;
  });
  const listening = await listenUntilOver(t, server, port);
  return {
    ...listening,
    url: `http://127.0.0.1:${listening.port}/snapshot.jpg`,
    requests,
    connections: () => connections,
  };
}

/** The server side of Digest authentication (RFC 7616): each nonce count is accepted once. */
class DigestAuth {
  readonly #login: DigestLogin;
  #nonce = 0;
  #uses = 0;

  constructor(login: DigestLogin) {
    this.#login = login;
  }

  challenge(): string {
    this.#nonce += 1;
    this.#uses = 0;
    return `Digest realm="camera", nonce="n${this.#nonce}", qop="auth", opaque="o"`;
  }

  admits({ headers: { authorization = '' }, url = '', method = '' }: IncomingMessage): boolean {
    const { user, password, maxNonceUses = Number.POSITIVE_INFINITY } = this.#login;
    const fields = Object.fromEntries(
      [...authorization.matchAll(/(\w+)="?([^",]*)"?/g)].map((match) => match.slice(1)),
    );
    const { nonce, nc, cnonce, qop, response, uri } = fields;
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const key = md5(`${user}:camera:${password}`);
    const expected = md5(`${key}:${nonce}:${nc}:${cnonce}:${qop}:${md5(`${method}:${uri}`)}`);
    if (response !== expected || uri !== url || nonce !== `n${this.#nonce}` || this.#uses >= maxNonceUses) return false;
    this.#uses += 1;
    return Number.parseInt(nc ?? '', 16) === this.#uses;
  }
}
