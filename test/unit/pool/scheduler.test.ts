/** Admission of single frames: started, held or dropped, and the order of held ones. */
import { test } from 'tap';
import { namesOf, Scheduling, TestExecutor } from '../../support/scheduling.ts';

test('a frame is started if a worker is free, and held otherwise', async (t) => {
  const play = new Scheduling();
  play.open('a', 'b');
  t.equal(play.arrive('a', 'a0', 0), 'start');
  t.equal(play.arrive('b', 'b0', 1), 'hold');
  t.match(play.scheduler, { held: 1, inFlight: 1, sessions: 2 });
  t.equal(play.scheduler.inFlightOf('a'), 1);
  t.equal(play.scheduler.inFlightOf('b'), 0);
  play.end('a0', 10);
  t.same(play.events, ['a0 started', 'b0 started']);
  t.match(play.scheduler, { held: 0, inFlight: 1 });
});

test('a session holds its newest frame; the older one is displaced', async (t) => {
  const play = new Scheduling();
  play.open('a');
  for (const [index, name] of ['a0', 'a1', 'a2'].entries()) play.arrive('a', name, 10 * index);
  t.same(play.events, ['a0 started', 'a1 dropped: displaced']);
  t.equal(play.scheduler.held, 1);
  play.end('a0', 29);
  t.equal(play.events.at(-1), 'a2 started');
});

test('a lone session may use all workers', async (t) => {
  const play = new Scheduling({ executors: [new TestExecutor(3)] });
  play.open('a', 'silent');
  for (const name of ['a0', 'a1', 'a2']) t.equal(play.arrive('a', name, 0), 'start');
  t.equal(play.scheduler.inFlightOf('a'), 3);
});

test('a hold ends when the next frame of its session is due', async (t) => {
  const play = new Scheduling();
  play.open('a', 'b');
  for (const [name, atMs] of [
    ['b0', 0],
    ['b1', 40],
  ] as const) {
    play.arrive('b', name, atMs);
    play.end(name, atMs + 5);
  }
  play.arrive('a', 'a0', 60);
  play.arrive('b', 'b2', 80);
  t.equal(play.scheduler.nextExpiryMs, 120);
  t.same(play.expire(119), []);
  t.same(play.expire(120), ['b2']);
  t.equal(play.scheduler.nextExpiryMs, Number.POSITIVE_INFINITY);
});

test('a hold without a known interval, or of a slow camera, ends after the maximum wait', async (t) => {
  const play = new Scheduling({ maxWaitMs: 300 });
  play.open('a', 'b');
  play.arrive('a', 'a0', 0);
  play.arrive('b', 'b0', 1);
  t.same(play.expire(301), ['b0']);
  play.arrive('b', 'b1', 2001);
  t.same(play.expire(2300), []);
  t.same(play.expire(2301), ['b1']);
});

test('a frame whose hold has ended never starts, even before it is expired', async (t) => {
  const play = new Scheduling({ maxWaitMs: 100 });
  play.open('a', 'b');
  play.arrive('a', 'a0', 0);
  play.arrive('b', 'b0', 0);
  play.end('a0', 100);
  t.same(play.events, ['a0 started']);
  t.same(play.expire(100), ['b0']);
});

test('with a wait of 0 nothing is ever held', async (t) => {
  const play = new Scheduling({ maxWaitMs: 0 });
  play.open('a', 'b');
  play.arrive('a', 'a0', 0);
  t.equal(play.arrive('b', 'b0', 0), 'drop');
  t.equal(play.scheduler.held, 0);
  t.equal(play.events.at(-1), 'b0 dropped: busy');
});

test('the session with the least worker time goes first', async (t) => {
  const play = new Scheduling();
  play.open('long', 'short');
  play.arrive('long', 'l0', 0);
  play.end('l0', 50);
  play.arrive('short', 's0', 50);
  play.end('s0', 60);
  play.arrive('long', 'l1', 60);
  play.arrive('long', 'l2', 61);
  play.arrive('short', 's1', 62);
  play.end('l1', 70);
  t.equal(play.events.at(-1), 's1 started');
});

test('with equal worker time, the session served longest ago goes first', async (t) => {
  const play = new Scheduling();
  play.open('a', 'b', 'c');
  play.arrive('a', 'a0', 0);
  play.arrive('c', 'c0', 1);
  play.arrive('b', 'b0', 2);
  play.end('a0', 10);
  t.equal(play.events.at(-1), 'c0 started');
});

test('a session above its share of frames in flight goes last', async (t) => {
  const play = new Scheduling({ executors: [new TestExecutor(2)] });
  play.open('greedy', 'other');
  for (const [index, name] of ['g0', 'g1', 'g2'].entries()) play.arrive('greedy', name, 100 * index);
  play.arrive('other', 'o0', 201);
  play.end('g0', 210);
  t.equal(play.events.at(-1), 'o0 started');
  play.end('g1', 211);
  t.equal(play.events.at(-1), 'g2 started');
});

test('a session that joins late is not owed what others got before', async (t) => {
  const play = new Scheduling();
  play.open('old', 'new', 'newer');
  for (let atMs = 0; atMs < 2000; atMs += 20) {
    play.arrive('old', `o${atMs}`, atMs);
    play.end(`o${atMs}`, atMs + 15);
  }
  play.arrive('old', 'o', 2000);
  const joined = ['new', 'old'].map((session) => play.arrive(session, `${session} 1`, 2001));
  t.same(joined, ['hold', 'hold']);
  play.end('o', 2015);
  play.arrive('old', 'old 2', 2020);
  play.arrive('new', 'new 2', 2021);
  play.end([...play.running.keys()][0] as string, 2030);
  t.same(play.events.slice(-3).filter((event) => event.includes('started')).length, 2);
  t.ok(
    play.events.slice(-3).some((event) => event.startsWith('old')),
    'both are served alternately',
  );
});

test('a frame runs on the executor with the fewest pipelines that can run it', async (t) => {
  const [both, plates] = [new TestExecutor(1, 'plates', 'pages'), new TestExecutor(1, 'plates')];
  const play = new Scheduling({ executors: [both, plates] });
  play.open('a', 'b', 'c');
  play.arrive('a', 'plate', 0);
  t.match([both.running, plates.running], [0, 1]);
  play.arrive('b', 'page', 0, 'pages');
  t.match([both.running, plates.running], [1, 1]);
  t.equal(play.arrive('c', 'page 2', 0, 'pages'), 'hold');
  play.end('plate', 10);
  t.equal(play.scheduler.held, 1, 'the other executor cannot run it');
  play.end('page', 20);
  t.equal(play.events.at(-1), 'page 2 started');
});

test('a frame of a pipeline that is not loaded yet is held', async (t) => {
  const executors = [new TestExecutor(1)];
  const play = new Scheduling({ executors });
  play.open('a');
  t.equal(play.arrive('a', 'page', 0, 'pages'), 'hold');
  executors.push(new TestExecutor(1, 'pages'));
  t.same(play.pump(500), ['page']);
});

test('a sequential pipeline has one frame in flight and one held per session', async (t) => {
  const play = new Scheduling({ executors: [new TestExecutor(3)], rules: { plates: { sequential: true } } });
  play.open('a', 'b');
  t.equal(play.arrive('a', 'a0', 0), 'start');
  t.equal(play.arrive('a', 'a1', 100), 'hold');
  t.equal(play.arrive('b', 'b0', 101), 'start');
  play.arrive('a', 'a2', 200);
  t.same(play.events, ['a0 started', 'b0 started', 'a1 dropped: displaced']);
  play.end('b0', 210);
  t.equal(play.events.at(-1), 'a1 dropped: displaced', 'a worker is free, but not for this frame');
  play.end('a0', 220);
  t.equal(play.events.at(-1), 'a2 started');
});

test('requests are held individually, for the maximum wait', async (t) => {
  const play = new Scheduling({ maxWaitMs: 500 });
  play.openEach('address');
  t.equal(play.arrive('address', 'r0', 0), 'start');
  for (const [index, name] of ['r1', 'r2', 'r3'].entries()) t.equal(play.arrive('address', name, index + 1), 'hold');
  play.end('r0', 10);
  play.end('r1', 20);
  t.equal(play.events.at(-1), 'r2 started');
  t.same(play.expire(502), []);
  t.same(play.expire(503), ['r3']);
});

test('closing a session drops its held frames; its running frame still ends', async (t) => {
  const play = new Scheduling();
  play.open('a', 'b');
  play.arrive('a', 'a0', 0);
  play.arrive('a', 'a1', 1);
  play.arrive('b', 'b0', 2);
  t.same(namesOf(play.scheduler.close('a')), ['a1']);
  t.match(play.scheduler, { held: 1, sessions: 1, inFlight: 1 });
  t.same(play.scheduler.close('a'), []);
  t.equal(play.arrive('a', 'a2', 3), 'drop');
  play.end('a0', 10);
  t.equal(play.events.at(-1), 'b0 started');
});

test('a drain drops held frames and all new ones', async (t) => {
  const play = new Scheduling();
  play.open('a', 'b');
  play.arrive('a', 'a0', 0);
  play.arrive('b', 'b0', 1);
  t.same(namesOf(play.scheduler.drain()), ['b0']);
  t.equal(play.scheduler.isDraining, true);
  t.equal(play.arrive('b', 'b1', 2), 'drop');
  play.end('a0', 10);
  t.equal(play.events.at(-1), 'b1 dropped: draining');
  t.equal(play.scheduler.inFlight, 0);
});

test('a canceled frame is no longer held', async (t) => {
  const play = new Scheduling();
  play.open('a');
  play.arrive('a', 'a0', 0);
  const decision = play.scheduler.arrive('a', { name: 'a1', pipelineId: 'plates' }, 1);
  if (decision.type !== 'hold') throw new Error('it is held');
  play.scheduler.cancel(decision.ticket);
  t.equal(play.scheduler.held, 0);
});

test('the first lost worker drops the frame, a second one within a minute fails the session', async (t) => {
  const lost = { type: 'dropped', reason: 'worker_lost' } as const;
  const play = new Scheduling();
  play.open('a', 'b');
  play.arrive('a', 'a0', 0);
  t.same(play.end('a0', 10, lost), lost);
  play.arrive('b', 'b0', 20);
  t.same(play.end('b0', 30, lost), lost, 'another session is not affected');
  play.arrive('a', 'a1', 60_009);
  t.match(play.end('a1', 60_009, lost), {
    type: 'failed',
    code: 'pipeline_failure',
    detail: 'Worker stopped unexpectedly',
  });
  play.arrive('b', 'b1', 60_029);
  t.same(play.end('b1', 60_031, lost), lost, 'after a minute the count restarts');
});

test('lost workers do not end a gateway: their frames belong to many sessions', async (t) => {
  const lost = { type: 'dropped', reason: 'worker_lost' } as const;
  const play = new Scheduling();
  play.scheduler.open('gateway', 'gateway');
  for (const name of ['a0', 'b0', 'c0']) {
    play.arrive('gateway', name, 0);
    t.same(play.end(name, 10, lost), lost);
  }
});

test('a frame far behind others is dropped immediately instead of being copied', async (t) => {
  const play = new Scheduling();
  const names = Array.from({ length: 60 }, (_, index) => `s${index}`);
  play.open(...names, 'first');
  play.arrive('first', 'f0', 0);
  play.end('f0', 50);
  for (const [index, name] of names.entries()) play.arrive(name, name, 100 + index / 10);
  // One runs, and 40 of them take 50 ms each: twice the second that a frame may wait.
  t.equal(play.scheduler.held, 41);
  t.equal(play.events.at(-1), 's59 dropped: busy');
});

test('ending a frame that is not running throws', async (t) => {
  const play = new Scheduling();
  play.open('a');
  play.arrive('a', 'a0', 0);
  const [start] = play.running.values();
  if (start === undefined) throw new Error('it runs');
  play.end('a0', 1);
  t.throws(() => play.scheduler.ended(start.ticket, { type: 'result', text: '', timings: {} }, 2));
});
