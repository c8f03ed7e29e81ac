/** Where the libraries are, and when `LD_LIBRARY_PATH` names them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import {
  defaultLibrariesFolder,
  gpuPlatform,
  libraryPathFor,
  libraryPathOfCommand,
  wheelFolder,
} from '../../../src/gpu/folders.ts';
import { pinnedWheels, providersWheel } from '../../../src/gpu/wheels.ts';

test('the default folder is in the checkout, or beside the outermost node_modules', async (t) => {
  t.equal(defaultLibrariesFolder('/home/me/framegate/'), '/home/me/framegate/framegate-gpu');
  t.equal(defaultLibrariesFolder('/usr/local/lib/node_modules/framegate/'), '/usr/local/lib/framegate-gpu');
  t.equal(
    defaultLibrariesFolder('/srv/app/node_modules/.pnpm/framegate@1.0.0/node_modules/framegate'),
    '/srv/app/framegate-gpu',
  );
});

const here = `${process.platform}-${process.arch}` === gpuPlatform ? {} : { skip: `only on ${gpuPlatform}` };

test('LD_LIBRARY_PATH gets the installed wheels of the pinned versions, before what is in it', here, async (t) => {
  const folder = t.testdir({ 'onnxruntime-gpu-1.0.0': {}, '.partial-1-x': {}, 'nvidia-cublas-1.0': {} });
  const env = { GPU_LIBRARIES_DIR: folder };
  t.equal(libraryPathFor(env), undefined, 'nothing is installed');
  const wheels = pinnedWheels().filter(({ name }) => [providersWheel, 'nvidia-cublas'].includes(name));
  const folders = wheels.map((wheel) => wheelFolder(folder, wheel));
  for (const path of folders) mkdirSync(path);
  t.equal(libraryPathFor(env), folders.join(':'));
  t.equal(libraryPathFor({ ...env, LD_LIBRARY_PATH: '/opt/mine' }), [...folders, '/opt/mine'].join(':'));
  t.equal(libraryPathFor({ ...env, LD_LIBRARY_PATH: folders.join(':') }), undefined, 'a restarted process');
  t.equal(libraryPathFor({ GPU_LIBRARIES_DIR: join(folder, 'absent') }), undefined);
});

test('only commands that load models get it, and only with a provider that needs it', here, async (t) => {
  const [wheel] = pinnedWheels();
  const folder = t.testdir({ [`${wheel?.name}-${wheel?.version}`]: {} });
  const env = { GPU_LIBRARIES_DIR: folder, ORT_PROVIDERS: 'tensorrt, cuda,cpu' };
  for (const command of ['serve', 'worker', 'models']) t.type(libraryPathOfCommand(command, env), 'string', command);
  for (const command of ['camera', 'gpu', undefined])
    t.equal(libraryPathOfCommand(command, env), undefined, `${command}`);
  for (const providers of ['cpu', 'webgpu,cpu', ''])
    t.equal(libraryPathOfCommand('serve', { ...env, ORT_PROVIDERS: providers }), undefined, providers);
});
