// Text from a user's file, made fit to stand in a message: quoted, short, and unable to steer a
// terminal. JSON.stringify alone lets control characters above 0x7e and direction marks through.

const lengthMax = 80;
const unprintable = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** `text` in double quotes, control characters escaped, the middle of a long one left out. */
export function quote(text: string): string {
  const shown = text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 20)}...${text.slice(-17)}`;
  return JSON.stringify(shown).replace(unprintable, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
