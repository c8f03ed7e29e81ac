/** Name, address and pipeline identify a camera. */
import { test } from 'tap';
import { cameraKey } from '../../src/status.ts';

test('keys are equal only if all parts are', async (t) => {
  const parts = { camera: 'gate', address: '192.0.2.1', pipeline: 'plates' };
  t.equal(cameraKey(parts), cameraKey({ ...parts }));
  const { camera: _, ...unnamed } = parts;
  const others = [
    unnamed,
    { ...unnamed, camera: 'null' },
    { ...parts, address: '192.0.2.2' },
    { ...parts, pipeline: '' },
  ];
  t.equal(new Set([parts, ...others].map(cameraKey)).size, 5);
});
