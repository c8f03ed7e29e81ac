/** An HTTP camera that gives one JPEG a request, behind a login where wanted. Tests only. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { type Listening, listenUntilOver } from './listening.ts';

export interface SnapshotCamera extends Listening {
  readonly url: string;
  /** Requests so far, by their `Authorization`. */
  readonly requests: readonly (string | undefined)[];
  /** Connections so far. */
  readonly connections: () => number;
}

export interface SnapshotOptions {
  readonly port?: number;
  /** The picture of each answered request, counted from 0. */
  readonly picture?: (index: number) => Buffer;
  readonly type?: string;
  readonly login?: DigestLogin;
  /** Answers in place of the picture of an index. @returns false to leave it to the camera. */
  readonly answer?: (response: ServerResponse, index: number, request: IncomingMessage) => boolean;
}

export interface DigestLogin {
  readonly user: string;
  readonly password: string;
  /** A nonce is good for so many requests. */
  readonly usesOfNonce?: number;
}

/** Serves until the test is over. */
export async function startSnapshotCamera(t: Test, options: SnapshotOptions = {}): Promise<SnapshotCamera> {
  const { port = 0, picture = () => Buffer.alloc(0), type = 'image/jpeg', login, answer = () => false } = options;
  const requests: (string | undefined)[] = [];
  const gate = login === undefined ? undefined : new DigestGate(login);
  let connections = 0;
  let answered = 0;
  const server = createServer((request, response) => {
    requests.push(request.headers.authorization);
    if (gate !== undefined && !gate.admits(request)) {
      response.writeHead(401, { 'www-authenticate': ['Basic realm="camera"', gate.challenge()] }).end();
      return;
    }
    const index = answered++;
    if (answer(response, index, request)) return;
    const jpeg = picture(index);
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

/** Checks a digest as RFC 7616 says, from the other side: each count of a nonce once. */
class DigestGate {
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
    const { user, password, usesOfNonce = Number.POSITIVE_INFINITY } = this.#login;
    const said = Object.fromEntries([...authorization.matchAll(/(\w+)="?([^",]*)"?/g)].map((match) => match.slice(1)));
    const { nonce, nc, cnonce, qop, response, uri } = said;
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const key = md5(`${user}:camera:${password}`);
    const expected = md5(`${key}:${nonce}:${nc}:${cnonce}:${qop}:${md5(`${method}:${uri}`)}`);
    if (response !== expected || uri !== url || nonce !== `n${this.#nonce}` || this.#uses >= usesOfNonce) return false;
    this.#uses += 1;
    return Number.parseInt(nc ?? '', 16) === this.#uses;
  }
}
