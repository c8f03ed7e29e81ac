/** A client's camera name is safe wherever it is shown. */
import { test } from 'tap';
import { cleanCameraName } from '../../../src/session/camera-name.ts';

test('a usual name is kept', async (t) => {
  t.equal(cleanCameraName('Gate 3, north'), 'Gate 3, north');
  t.equal(cleanCameraName('正門'), '正門');
});

test('no name, or nothing but space, is no name', async (t) => {
  t.equal(cleanCameraName(undefined), undefined);
  t.equal(cleanCameraName(''), undefined);
  t.equal(cleanCameraName(' \t\u200b '), undefined);
});

test('line breaks, escape sequences and direction marks become spaces', async (t) => {
  t.equal(cleanCameraName('gate\n{"level":50}'), 'gate {"level":50}');
  t.equal(cleanCameraName('\u001b[31mgate\u0007'), '[31mgate');
  t.equal(cleanCameraName('gate\u202eetag'), 'gate etag');
});

test('a long name is cut between characters', async (t) => {
  t.equal(cleanCameraName('a'.repeat(100)), 'a'.repeat(64));
  t.equal(cleanCameraName('🎥'.repeat(100)), '🎥'.repeat(64));
});
