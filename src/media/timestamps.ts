// What packets and frames say about time. Pure: decides when the packets' times are the frames',
// and makes a list of frame times ascend. It reads no file.
import type { StreamFacts } from './streams.js';

/** One packet as the container lists it, in the order in which it is stored. */
export interface Packet {
  /** In time base units; undefined where the container gives none. */
  readonly pts: number | undefined;
  /** In time base units; 0 where unknown. */
  readonly duration: number;
  readonly key: boolean;
  /** To be decoded but not shown (outside an edit list), or known to be damaged. */
  readonly unusable: boolean;
  /** Where its bytes begin in the file; undefined where they do not lie there as such. */
  readonly position: number | undefined;
  readonly size: number;
  /** The container has new stream headers from this packet on. */
  readonly bringsHeaders: boolean;
}

/** Reads a line of ffprobe's `packet=pts,duration,size,pos,flags:packet_side_data=side_data_type`, e.g. `1024,512,71,1185,K__`. */
export function parsePacket([pts, duration, size, position, flags = '', ...sideData]: readonly string[]): Packet {
  return {
    pts: numberOf(pts),
    duration: numberOf(duration) ?? 0,
    key: flags.includes('K'),
    unusable: flags.includes('D') || flags.includes('C'),
    position: numberOf(position),
    size: numberOf(size) ?? 0,
    bringsHeaders: sideData.includes('New Extradata'),
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Containers in which a packet is one whole picture, and codecs that show one for each packet. */
const pictureContainers = /mp4|matroska|webm/;
const pictureCodecs: ReadonlySet<string> = new Set(['h264', 'hevc', 'vp9', 'av1']);

/**
 * The packets' times in presentation order, if there is no sign that a packet could decode to
 * no frame or to two; undefined if there is one. Interlaced H.264 may store a picture in two packets, an edit
 * list hides some, pictures before the first key picture cannot be decoded.
 */
export function packetTimes(facts: StreamFacts, packets: readonly Packet[]): number[] | undefined {
  const first = packets[0];
  if (!pictureContainers.test(facts.container) || !pictureCodecs.has(facts.codec)) return undefined;
  if (facts.codec === 'h264' && !facts.progressive) return undefined;
  if (!first?.key || first.pts === undefined || packets.some((packet) => packet.unusable)) return undefined;
  const times = packets.map((packet) => packet.pts ?? Number.NaN).sort((a, b) => a - b);
  if (times.some((time, at) => Number.isNaN(time) || time === times[at - 1])) return undefined;
  return times[0] === first.pts ? times : undefined;
}

/** Which of the frames shown at `times` are key pictures, where `packetTimes` gave those. */
export function keyOrdinals(times: readonly number[], packets: readonly Packet[]): number[] {
  const keys = new Set(packets.filter(({ key }) => key).map(({ pts }) => pts));
  return [...times.keys()].filter((frame) => keys.has(times[frame]));
}

/**
 * Times that ascend strictly, from the times of decoded frames in the decoder's order. A missing or
 * repeated time follows the one before by `step`; where the clock jumps back (recordings
 * joined end to end) the rest is moved so that it goes on.
 */
export function ascending(times: readonly (number | undefined)[], step: number): number[] {
  const result: number[] = [];
  const known = times.findIndex((time) => time !== undefined);
  let shift = 0;
  times.forEach((time) => {
    const before = result.at(-1);
    if (before === undefined) {
      result.push(known === -1 ? 0 : times[known]! - step * known);
      return;
    }
    const next = (time ?? before - shift + step) + shift;
    if (next <= before) shift += before + step - next;
    result.push(next <= before ? before + step : next);
  });
  return result;
}

/** The middle distance of neighbours: a frame's usual length. Undefined for fewer than two. */
export function usualStep(times: readonly number[]): number | undefined {
  const steps = times.slice(1).map((time, at) => time - times[at]!);
  return steps.sort((a, b) => a - b)[steps.length >> 1];
}
