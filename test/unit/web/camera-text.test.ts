/** Words and figures of the page Cameras. */
import { test } from 'tap';
import { problemSides, type SessionsReply } from '../../../src/status.ts';
import { type Row, rowsOf } from '../../../src/web/camera-rows.ts';
import { cellsOf, detailsOf, durationText, endText, stateText, summaryText } from '../../../src/web/camera-text.ts';
import { endedSession, openSession, refusedCamera, sessionsReply } from '../../support/session-statuses.ts';

const rowOf = (reply: SessionsReply) => rowsOf(reply)[0] as Row;
const problem = { code: 'bad_frames', side: 'camera', text: 'Why.' } as const;

test('the state is in words, with the side of a problem', async (t) => {
  t.equal(stateText(rowOf(sessionsReply([openSession()]))), 'OK');
  t.equal(stateText(rowOf(sessionsReply([openSession({ state: 'warning' })]))), 'OK, a few frames dropped');
  t.equal(stateText(rowOf(sessionsReply([openSession({ problem })]))), 'Camera: Bad frames');
  t.equal(stateText(rowOf(sessionsReply([], [endedSession({ problem })]))), 'Camera: Bad frames, not back');
  t.equal(stateText(rowOf(sessionsReply([], [], [refusedCamera()]))), 'Camera: Refused');
  for (const [code, side] of Object.entries(problemSides)) {
    const row = rowOf(
      sessionsReply([openSession({ problem: { ...problem, code: code as 'bad_frames', side: side as 'camera' } })]),
    );
    t.match(stateText(row), /^(Camera|Network|Gateway): [A-Z]/);
  }
});

test('the figures of an open session, and those that remain of an ended one', async (t) => {
  t.strictSame(cellsOf(rowOf(sessionsReply([openSession({ drop_rate: 0.126, idle_s: 75 })]))), {
    ...{ frames: '10.0', results: '10.0', dropped: '13 %', reply: '21 ms', trip: '3 ms' },
    ...{ idle: '1 min ago', connected: '10 min' },
  });
  t.equal(cellsOf(rowOf(sessionsReply([openSession()])))['idle'], 'now');
  t.match(cellsOf(rowOf(sessionsReply([], [endedSession({ problem })]))), {
    frames: '–',
    reply: '–',
    connected: '10 min',
  });
  t.match(cellsOf(rowOf(sessionsReply([], [], [refusedCamera()]))), { frames: '–', trip: '–', connected: '–' });
});

test('the details have every figure, without the lists', async (t) => {
  const details = new Map(detailsOf(rowOf(sessionsReply([openSession({ drop_reasons: { busy: 2, expired: 1 } })]))));
  t.equal(details.get('received_bytes'), '100,000,000');
  t.equal(details.get('drop_reasons'), 'busy: 2, expired: 1');
  t.equal(details.get('recent_drop_reasons'), 'none');
  t.notOk(details.has('recent_frames') || details.has('problem'));
});

test('how a session ended', async (t) => {
  t.equal(endText(endedSession()), 'Closed by the client (1000)');
  t.equal(endText(endedSession({ ended_by: 'gateway', close_code: 1001 })), 'Closed by the gateway (1001)');
  t.equal(endText(endedSession({ problem })), 'Why.');
  const error = { error: 'invalid_frame', detail: 'Not a valid JPEG image', close_code: 1007 } as const;
  t.equal(endText(endedSession({ ...error, problem })), 'Gateway: invalid_frame, Not a valid JPEG image (1007)');
});

test('durations', async (t) => {
  const texts = [0, 8.4, 60, 3599, 12_000, 187_200].map(durationText);
  t.strictSame(texts, ['0 s', '8 s', '1 min', '59 min', '3 h 20 min', '2 d 4 h']);
});

test('the summary', async (t) => {
  const texts = [summaryText(0, 0), summaryText(0, 1), summaryText(0, 2), summaryText(1, 1), summaryText(2, 3)];
  t.strictSame(texts, [
    'No camera is connected',
    'The camera is OK',
    'All 2 cameras are OK',
    '1 of 1 camera has a problem',
    '2 of 3 cameras have a problem',
  ]);
});
