/** No error of the network, and no gateway, leaves a person without a word. */
import { connect } from 'node:net';
import { test } from 'tap';
import { ClientError } from '../../../src/client/client-error.ts';
import { reasonOf } from '../../../src/client/reason.ts';
import { freePort } from '../../support/free-port.ts';

test('an error with several causes and no message is told by the first of them', async (t) => {
  const causes = [
    new Error(''),
    new Error('connect ECONNREFUSED ::1:9'),
    new Error('connect ECONNREFUSED 127.0.0.1:9'),
  ];
  t.equal(reasonOf(new AggregateError(causes)), 'connect ECONNREFUSED ::1:9');
});

test('an error without any message is told by its code, and without one as what it is', async (t) => {
  t.equal(reasonOf(Object.assign(new AggregateError([]), { code: 'ETIMEDOUT' })), 'ETIMEDOUT');
  t.equal(reasonOf(new Error(' ')), 'connection failed');
});

test('what Node says of two addresses that refuse has words', async (t) => {
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

test('an error of a gateway without a detail is told by its code alone', async (t) => {
  t.equal(new ClientError('pipeline_failure', ' ').message, 'pipeline_failure');
  t.equal(new ClientError('pipeline_failure', 'YOLO').message, 'pipeline_failure: YOLO');
});
