/** Where the tiny models of the tests are; `test/fixtures/onnx/make.py` makes them. Tests only. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const onnxFixtures = fileURLToPath(new URL('../fixtures/onnx', import.meta.url));

export function onnxFixture(name: string): string {
  return join(onnxFixtures, `${name}.onnx`);
}
