/** What `scene.zones` remembers of a session: where each object was, and the counts so far. Pure. */
import { z } from 'zod';

/** In an area since this session time, whether its stay was reported as `dwell`. */
const stay = z.tuple([z.int().min(0), z.number(), z.boolean()]);
export type Stay = z.output<typeof stay>;

/** Id, label, last place as fractions of the frame, side of each line as a digit, and stays in areas: zone, since, reported. */
const object = z.tuple([z.int(), z.string(), z.number(), z.number(), z.string(), z.array(stay)]);
export type StoredObject = z.output<typeof object>;

const counts = z.record(z.string(), z.record(z.string(), z.number()));

export const zoneStateSchema = z.object({
  objects: z.array(object),
  /** Counts so far of each zone, by kind and label. */
  counts: z.array(counts),
});
export type ZoneState = z.output<typeof zoneStateSchema>;

export const initialZoneState: ZoneState = { objects: [], counts: [] };
