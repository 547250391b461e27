import { expect, test } from 'vitest';
import type { StreamFacts } from '../../src/media/streams.js';
import { ascending, packetTimes, parsePacket, usualStep, type Packet } from '../../src/media/timestamps.js';

const facts: StreamFacts = {
  container: 'mov,mp4,m4a,3gp,3g2,mj2',
  codec: 'h264',
  storedWidth: 64,
  storedHeight: 48,
  width: 64,
  height: 48,
  rotation: 0,
  pixelAspect: [1, 1],
  timeBase: [1, 1000],
  framesListed: 4,
  promisedSeconds: 1,
  frameSeconds: 0.04,
  progressive: true,
  prefixed: true,
  streamIndex: 0,
};
const packets: readonly Packet[] = [0, 120, 40, 80].map((pts, at) => ({
  pts,
  duration: 40,
  key: at === 0,
  unusable: false,
  position: 100 * at,
  size: 100,
  bringsHeaders: false,
}));

test('packets of a plain video give its times in the order of showing', () => {
  expect(packetTimes(facts, packets)).toEqual([0, 40, 80, 120]);
});

test('packets are not believed where one may show no picture, or two', () => {
  const [first, ...rest] = packets as [Packet, ...Packet[]];
  expect(packetTimes({ ...facts, progressive: false }, packets)).toBeUndefined();
  expect(packetTimes({ ...facts, codec: 'mpeg4' }, packets)).toBeUndefined();
  expect(packetTimes({ ...facts, container: 'mpegts' }, packets)).toBeUndefined();
  expect(packetTimes(facts, [{ ...first, key: false }, ...rest])).toBeUndefined();
  expect(packetTimes(facts, [{ ...first, unusable: true }, ...rest])).toBeUndefined();
  expect(packetTimes(facts, [...packets, { ...first, pts: undefined }])).toBeUndefined();
  expect(packetTimes(facts, [...packets, { ...first, pts: 40 }])).toBeUndefined();
  expect(packetTimes(facts, [...packets, { ...first, pts: -40 }])).toBeUndefined();
  expect(packetTimes(facts, [])).toBeUndefined();
});

test('a packet line is read with what is unknown left open', () => {
  expect(parsePacket(['1024', '512', '71', '1185', 'K__', 'New Extradata'])).toEqual({
    ...{ pts: 1024, duration: 512, key: true, unusable: false },
    ...{ position: 1185, size: 71, bringsHeaders: true },
  });
  expect(parsePacket(['N/A', 'N/A', 'N/A', 'N/A', '_D_'])).toEqual({
    ...{ pts: undefined, duration: 0, key: false, unusable: true },
    ...{ position: undefined, size: 0, bringsHeaders: false },
  });
});

test('missing and repeated times are filled in, and a clock that jumps back goes on', () => {
  expect(ascending([0, 40, undefined, 120], 40)).toEqual([0, 40, 80, 120]);
  expect(ascending([undefined, undefined, 100, 140], 40)).toEqual([20, 60, 100, 140]);
  expect(ascending([0, 40, 80, 0, 40, 80], 40)).toEqual([0, 40, 80, 120, 160, 200]);
  expect(ascending([undefined, undefined], 40)).toEqual([0, 40]);
  expect(ascending([-80, -40, 0], 40)).toEqual([-80, -40, 0]);
});

test('the usual step is the middle one, so that a pause does not count', () => {
  expect(usualStep([0, 40, 80, 5000, 5040])).toBe(40);
  expect(usualStep([7])).toBeUndefined();
});
