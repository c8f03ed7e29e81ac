/** Handshakes of the stream: counts them per address, checks who may open a session, and upgrades. Runs on the loop. */
import type { BlockList } from 'node:net';
import type { Authorizer, Decision } from '../auth/authorize.ts';
import { httpErrors } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { Observer } from '../observe/observer.ts';
import type { Address, Addresses } from '../session/addresses.ts';
import { cleanCameraName } from '../session/camera-name.ts';
import { accessRequestOf } from './access.ts';
import { clientAddress } from './peer-address.ts';
import { respond, tooManyRequests } from './respond.ts';
import { streamNeed } from './session-permits.ts';
import { acceptSocket, handshakeOf, type SocketData } from './stream-socket.ts';
import { guarded, type HttpRequest, type HttpResponse } from './uws.ts';

export interface UpgradeOptions {
  readonly addresses: Addresses;
  readonly authorizer: Authorizer;
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: BlockList;
  readonly log: Log;
  readonly observer: Observer;
}

/** What uWebSockets.js passes to an upgrade handler. */
interface Upgrade {
  readonly response: HttpResponse;
  readonly request: HttpRequest;
  readonly context: Parameters<HttpResponse['upgrade']>[4];
}

/** Accepts the upgrade even if the session will be refused, so that the client receives the reason as JSON, except during a flood. */
export function acceptUpgrade(options: UpgradeOptions, { response, request, context }: Upgrade): void {
  const { addresses, trustedProxies, observer, authorizer } = options;
  const [pipelineId, camera] = [request.getQuery('pipeline_id'), cleanCameraName(request.getQuery('camera'))];
  const nowMs = performance.now();
  const address = addresses.enter(clientAddress(response, request, trustedProxies), nowMs);
  if (!address.takeConnect(nowMs)) {
    addresses.leave(address);
    const { detail } = httpErrors.too_many_requests;
    const names = { endpoint: 'stream', address: address.name, camera, pipelineId } as const;
    observer.emit('refused', { ...names, code: 'too_many_requests', detail });
    respond(response, tooManyRequests);
    return;
  }
  const handshake = handshakeOf(request);
  const accept = (access: Decision) => {
    const data: SocketData = { pipelineId, camera, address, access, session: undefined, open: true };
    acceptSocket(response, handshake, context, data);
  };
  const access = authorizer.authorize(accessRequestOf(request), streamNeed(pipelineId));
  if (access instanceof Promise) acceptLater(options, { response, address, access, accept });
  else accept(access);
}

interface PendingUpgrade {
  readonly response: HttpResponse;
  readonly address: Address;
  readonly access: Promise<Decision>;
  readonly accept: (access: Decision) => void;
}

/** The peer may be gone before its JWT is checked. */
function acceptLater({ addresses, log }: UpgradeOptions, { response, address, access, accept }: PendingUpgrade): void {
  let isGone = false;
  response.onAborted(() => {
    isGone = true;
    addresses.leave(address);
  });
  void access.then((decision) => {
    if (!isGone) guarded(log, () => response.cork(() => accept(decision)));
  });
}
