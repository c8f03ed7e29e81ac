/** A camera that keeps sending while something else happens, and checks that every index gets a reply. Tests only. */
import type { Test } from 'tap';
import { Ledger } from '../../bench/soak/ledger.ts';
import { encodeGradient } from './jpeg-bytes.ts';
import { StreamClient } from './stream-client.ts';

const frame = encodeGradient(64, 48);
const frameMs = 20;

/** Sends frames during `during` and until one more has its result. Every index must then have exactly one reply, and the session be open. */
export async function beside(t: Test, url: string, during: () => Promise<void>): Promise<void> {
  const client = await StreamClient.open(url);
  const ledger = new Ledger();
  let isOver = false;
  const sending = (async () => {
    while (!isOver && client.closeCode === undefined) {
      ledger.sent();
      client.send(frame);
      await new Promise((resolve) => setTimeout(resolve, frameMs));
    }
  })();
  await during();
  const before = client.with('result').length;
  await client.until(() => client.with('result').length > before);
  isOver = true;
  await sending;
  const answers = () => client.replies.filter((reply) => 'frame_index' in reply).length;
  await client.until(() => answers() >= ledger.totals.sent);
  await client.settled();
  t.equal(client.closeCode, undefined, 'the other session is still open');
  for (const text of client.texts) ledger.received(text);
  ledger.end({ by: 'camera' });
  t.strictSame(ledger.problems, []);
  t.equal(ledger.totals.unanswered, 0);
  await client.close();
}
