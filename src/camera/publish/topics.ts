/** Names of MQTT topics. Names of cameras, zones, and labels come from outside and may contain anything. Pure. */
import { createHash } from 'node:crypto';

/** Levels are cut to this many characters. A topic has at most 65,535 bytes, and people have to read it. */
const maxLevelLength = 64;
const hashLength = 12;
/** A hash is long enough to be unique, and short enough for a client id of 23 characters, which every broker accepts. */
const idLength = 12;

/** Levels that are kept, and the length of their names. */
const maxKeptLevels = 1024;
const maxKeptNameLength = 1024;

/** What stays as it is. Everything else is percent-encoded: `/`, `+`, and `#`, which MQTT gives a meaning, and spaces. */
const plain = /^[\p{L}\p{N}\p{M}_.-]$/u;
/** A level of its own for the empty name, which no other name can have. */
const emptyLevel = '%';

/**
 * One level of a topic for a name. Different names have different levels: a long one ends with a hash.
 * The name is brought into Unicode's composed form first, so that names that look the same are the same.
 */
export function topicLevel(name: string): string {
  if (name === '') return emptyLevel;
  let level = '';
  for (const character of name
    .slice(0, 4 * maxLevelLength)
    .toWellFormed()
    .normalize('NFC')) {
    level += plain.test(character) ? character : percentEncoded(character);
    if (level.length > maxLevelLength) return cutLevel(level, name);
  }
  return name.length > 4 * maxLevelLength ? cutLevel(level, name) : level;
}

/** `~` is encoded in other levels, so that no name can look like a cut one. */
function cutLevel(level: string, name: string): string {
  const start = level.slice(0, maxLevelLength - hashLength - 1).replace(/%[0-9A-F]?$/, '');
  return `${start.toWellFormed().replace(/\ufffd$/, '')}~${hashOf([name]).slice(0, hashLength)}`;
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** SHA-256 in hex of names; different lists have different hashes. */
function hashOf(names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex');
}

/** An id of letters and digits for names. */
export function idOf(...names: readonly string[]): string {
  return hashOf(names).slice(0, idLength);
}

/** The topics of one bridge under its prefix. */
export class Topics {
  /** The same after a restart; another one for other cameras. */
  readonly bridgeId: string;
  readonly prefix: string;
  /** Levels of recent names: the same ones come with every frame. */
  readonly #levels = new Map<string, string>();

  constructor(prefix: string, cameras: readonly string[]) {
    this.prefix = prefix;
    this.bridgeId = idOf('bridge', prefix, ...cameras.toSorted());
  }

  get bridgeAvailability(): string {
    return `${this.prefix}/bridge/${this.bridgeId}/availability`;
  }

  availability(camera: string): string {
    return `${this.#camera(camera)}/availability`;
  }

  event(camera: string, type: string): string {
    return `${this.#camera(camera)}/event/${this.#level(type)}`;
  }

  counts(camera: string, zone: string, kind: string): string {
    return `${this.#camera(camera)}/counts/${this.#level(zone)}/${this.#level(kind)}`;
  }

  lastText(camera: string): string {
    return `${this.#camera(camera)}/last_text`;
  }

  #camera(camera: string): string {
    return `${this.prefix}/camera/${this.#level(camera)}`;
  }

  #level(name: string): string {
    const known = this.#levels.get(name);
    if (known !== undefined) return known;
    const level = topicLevel(name);
    if (this.#levels.size >= maxKeptLevels) this.#levels.clear();
    if (name.length <= maxKeptNameLength) this.#levels.set(name, level);
    return level;
  }
}
