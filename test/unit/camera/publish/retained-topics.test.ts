/** Retained topics: the latest message, once per round, and all of them for a new connection. */
import { test } from 'tap';
import { type RetainedMessage, RetainedTopics } from '../../../../src/camera/publish/retained-topics.ts';

const takeAll = (topics: RetainedTopics) => {
  const taken: RetainedMessage[] = [];
  for (let one = topics.take(); one !== undefined; one = topics.take()) taken.push(one);
  return taken;
};

test('a changed topic is sent in the next round, once, with its latest message', async (t) => {
  const topics = new RetainedTopics();
  topics.set('a', '1');
  topics.set('a', '2');
  t.equal(topics.take(), undefined, 'not before the round');
  t.notOk(topics.isSettled);
  topics.startRound();
  t.strictSame(topics.take(), { topic: 'a', payload: '2' });
  topics.set('a', '3');
  t.equal(topics.take(), undefined, 'not twice in a round');
  topics.startRound();
  t.equal(topics.take(), undefined, 'not while the older message is on its way');
  topics.settled({ topic: 'a', payload: '2' });
  t.strictSame(topics.take(), { topic: 'a', payload: '3' });
  topics.settled({ topic: 'a', payload: '3' });
  t.ok(topics.isSettled);
});

test('a message that did not change is not sent', async (t) => {
  const topics = new RetainedTopics();
  topics.set('a', '1');
  topics.startRound();
  for (const message of takeAll(topics)) topics.settled(message);
  topics.set('a', '1');
  topics.startRound();
  t.equal(topics.take(), undefined);
});

test('a new connection gets everything, in the first order, also what was on its way', async (t) => {
  const topics = new RetainedTopics();
  for (const topic of ['a', 'b', 'c']) topics.set(topic, '1');
  topics.startRound();
  topics.settled(topics.take() as RetainedMessage);
  topics.take();
  topics.set('a', '2');
  topics.restart();
  t.strictSame(takeAll(topics), [
    { topic: 'a', payload: '2' },
    { topic: 'b', payload: '1' },
    { topic: 'c', payload: '1' },
  ]);
});
