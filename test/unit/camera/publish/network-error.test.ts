/** Texts of network errors. */
import { test } from 'tap';
import { describeNetworkError } from '../../../../src/camera/publish/network-error.ts';

test('an error has its message, or that of the first address, or at least a name', async (t) => {
  t.equal(describeNetworkError(new Error('connect ECONNREFUSED')), 'connect ECONNREFUSED');
  t.equal(describeNetworkError(new AggregateError([new Error('first'), new Error('second')])), 'first');
  t.equal(describeNetworkError(new AggregateError([])), 'AggregateError');
});
