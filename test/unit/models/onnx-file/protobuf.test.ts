/** Fields are read and joined without a schema, and those that nobody changes stay byte for byte. */
import fc from 'fast-check';
import { test } from 'tap';
import {
  integersOf,
  joinFields,
  lastOf,
  messageField,
  numberField,
  readFields,
  textField,
  textOf,
} from '../../../../src/models/onnx-file/protobuf.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

test('joining what was read gives the same bytes, also of unknown fields and unusual encodings', async (t) => {
  // Field 1: varint 5 in three bytes. Field 2: text with a length in two bytes. Field 1000: four bytes. Field 3: eight bytes.
  const bytes = Buffer.from('088580 00 128200 6869 c53e 01020304 19 0102030405060708'.replaceAll(' ', ''), 'hex');
  const fields = readFields(bytes);
  t.same(
    fields.map(({ number }) => number),
    [1, 2, 1000, 3],
  );
  t.equal(textOf(lastOf(fields, 2)), 'hi');
  t.same(joinFields(fields), bytes);
});

test('whole numbers of 64 bits are exact, packed or not', async (t) => {
  fc.assert(
    fc.property(fc.array(int64), fc.array(int64), (single, packed) => {
      const values = packed.map((value) => Buffer.from(numberField(1, value).value));
      const fields = [...single.map((value) => numberField(7, value)), textField(8, 'x')];
      const packedField = { ...messageField(7, []), value: Buffer.concat(values) };
      t.same(integersOf([...readFields(joinFields(fields)), packedField], 7), [...single, ...packed]);
    }),
    { numRuns: 100 },
  );
});

test('bytes that are not a message throw', async (t) => {
  for (const hex of ['12', '1205aa', '08', '07', '00', '0aff7f']) {
    t.throws(() => readFields(Buffer.from(hex, 'hex')), hex);
  }
});
