// Tells where one picture follows another that is not like it: a cut, a flash. Scenes decides what is a cut; here it
// is enough to know where faces must not be taken for the same, and too often is only slower.
import type { Picture } from '../media/resample.js';

/** Pixels from one that is compared to the next, across and down. */
const spacing = 8;
/** Mean difference of green, 0..255, from which a picture counts as another one. */
const differenceMin = 20;

/** A function that is given picture after picture, RGB, and says whether each is unlike the one before. */
export function abruptChanges(): (picture: Picture) => boolean {
  let before = new Uint8Array(0);
  let now = new Uint8Array(0);
  return ({ width, height, data }) => {
    const length = Math.ceil(width / spacing) * Math.ceil(height / spacing);
    const isFirst = before.length !== length;
    if (now.length !== length) now = new Uint8Array(length);
    let at = 0;
    let difference = 0;
    for (let y = 0; y < height; y += spacing) {
      for (let x = 0; x < width; x += spacing) {
        const green = data[3 * (y * width + x) + 1]!;
        now[at] = green;
        if (!isFirst) difference += Math.abs(green - before[at]!);
        at += 1;
      }
    }
    [before, now] = [now, before];
    return difference >= differenceMin * length;
  };
}
