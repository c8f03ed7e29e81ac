/** A gateway whose pool gives a free worker to whoever asks first: what fair shares are compared with. */
import { configOfProcess } from '../../src/config.ts';
import { createLog } from '../../src/observe/log.ts';
import { loadPipelines } from '../../src/pipeline/registry.ts';
import { FairShare } from '../../src/pool/fair-share.ts';
import type { Verdict } from '../../src/pool/pool.ts';
import { ThreadPool } from '../../src/pool/thread-pool.ts';
import { startServer } from '../../src/server/app.ts';

/** Counts as the gateway's own does, and looks at nothing but what is free. */
class FirstCome extends FairShare {
  override arrive(_sessionId: string, _nowMs: number, free: number): Verdict {
    return free > 0 ? 'accepted' : 'pool_full';
  }
}

const config = configOfProcess({ PORT: '0' });
const log = createLog('error');
const pipelines = await loadPipelines(config);
const pool = ThreadPool.start({ ...config, log, shares: new FirstCome() });
await pool.started;
const server = await startServer({ config, pool, pipelines, log });
process.stdout.write(`listening on ws://127.0.0.1:${server.port}\n`);
process.once('SIGTERM', async () => {
  await server.stop();
  process.exit(0);
});
