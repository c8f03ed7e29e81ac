/** Every network error and every gateway error has a message. */
import { connect } from 'node:net';
import { test } from 'tap';
import { ClientError } from '../../../src/client/client-error.ts';
import { reasonOf } from '../../../src/client/reason.ts';
import { freePort } from '../../support/free-port.ts';

test('an error without a message takes the message of its first cause', async (t) => {
  const causes = [
    new Error(''),
    new Error('connect ECONNREFUSED ::1:9'),
    new Error('connect ECONNREFUSED 127.0.0.1:9'),
  ];
  t.equal(reasonOf(new AggregateError(causes)), 'connect ECONNREFUSED ::1:9');
});

test('an error without any message is described by its code, or by a default text', async (t) => {
  t.equal(reasonOf(Object.assign(new AggregateError([]), { code: 'ETIMEDOUT' })), 'ETIMEDOUT');
  t.equal(reasonOf(new Error(' ')), 'connection failed');
});

test('a host with two addresses that refuse connections', async (t) => {
  const port = await freePort();
  const error = await new Promise<Error>((resolve) => {
    const lookup = (_: string, __: object, found: (error: null, addresses: object[]) => void) =>
      found(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ]);
    connect({ host: 'camera', port, lookup: lookup as never, autoSelectFamily: true }).once('error', resolve);
  });
  t.match(reasonOf(error), /ECONNREFUSED/);
});

test('a gateway error without a detail shows only its code', async (t) => {
  t.equal(new ClientError('pipeline_failure', ' ').message, 'pipeline_failure');
  t.equal(new ClientError('pipeline_failure', 'YOLO').message, 'pipeline_failure: YOLO');
});
