import { basename, join } from 'node:path';
import { namesIn, readText } from './system-files.ts';

/** PCI vendors of GPUs. */
const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

/** Vulkan drivers that run on the CPU. */
const software: Readonly<Record<string, string>> = {
  'libvk_swiftshader.so': 'SwiftShader (software)',
  'libvulkan_lvp.so': 'llvmpipe (software)',
};

/**
 * @param opened paths of devices, such as `/dev/nvidia0` and `/dev/dri/renderD128`, and file names of software drivers
 * @param root prefix of the system's paths, for tests
 */
export function deviceNames(opened: readonly string[], root = '/'): string[] {
  const devices = opened.filter((path) => path.startsWith('/dev/'));
  const cards = devices.filter((path) => /nvidia\d/.test(path)).flatMap((path) => nvidiaName(path, root));
  // A card of NVIDIA is open under both of its devices.
  const others = cards.length > 0 ? [] : devices.map((path) => renderName(path, root));
  // A software driver is loaded along with those of the cards.
  const drivers = devices.length > 0 ? [] : opened.flatMap((name) => software[name] ?? []);
  return [...cards, ...others, ...drivers];
}

const informationFolder = '/proc/driver/nvidia/gpus';

/** The model of the card with this number. */
function nvidiaName(path: string, root: string): string[] {
  const minor = /\d+$/.exec(path)?.[0];
  const folder = join(root, informationFolder);
  return namesIn(folder).flatMap((card) => {
    const text = readText(join(folder, card, 'information'));
    const model = /^Model:\s*(.+)$/m.exec(text)?.[1];
    return model !== undefined && /^Device Minor:\s*(\d+)/m.exec(text)?.[1] === minor ? [model.trim()] : [];
  });
}

/** `AMD GPU (PCI 0x1002:0x73bf)` */
function renderName(path: string, root: string): string {
  const folder = join(root, '/sys/class/drm', basename(path), 'device');
  const [vendor, device] = ['vendor', 'device'].map((name) => readText(join(folder, name)).trim());
  const maker = vendors[vendor ?? ''];
  return vendor && device ? `${maker === undefined ? '' : `${maker} `}GPU (PCI ${vendor}:${device})` : path;
}
