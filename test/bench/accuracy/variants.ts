// Clips made from the labelled ones: other encodes, light, side and size, and one in
// which the shots of three clips take turns, so that everybody leaves and comes back. Each has a truth made
// from its sources'. Never part of the tests: a run takes minutes.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Span {
  readonly start_s: number;
  readonly end_s: number;
}
interface TruthFace {
  readonly char: string | null;
  readonly state: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}
export interface Truth {
  readonly format: string;
  readonly clip: string;
  readonly fps: number;
  readonly duration_s: number;
  readonly width: number;
  readonly height: number;
  readonly shots: readonly (Span & { readonly begins_with?: string })[];
  readonly characters: readonly {
    readonly id: string;
    readonly name: string;
    readonly visible: readonly Span[];
    readonly uncertain: readonly Span[];
    readonly visible_s: number;
    readonly uncertain_s: number;
  }[];
  readonly face_samples: readonly {
    readonly frame: number;
    readonly t: number;
    readonly faces: readonly TruthFace[];
  }[];
}

export interface MadeClip {
  readonly ep: string;
  readonly file: string;
  readonly truth: string;
}

interface Source {
  readonly file: string;
  readonly truth: Truth;
}

/** Makes what is not there yet in `folder`, from the shared data. */
export function madeClips(shared: string, folder: string): readonly MadeClip[] {
  const source = (video: string, truth: string): Source => ({
    file: join(shared, 'data/video', video),
    truth: JSON.parse(readFileSync(join(shared, 'data/truth', truth), 'utf8')) as Truth,
  });
  const angelone = source('angelone_480p.webm', 'angelone.gt.json');
  const bbt = source('bbt_demo.mp4', 'bbt_demo.gt.json');
  const hamilton = source('short_hamilton_clip.mp4', 'hamilton_short.gt.json');
  const at = (ep: string): MadeClip => ({ ep, file: join(folder, `${ep}.mp4`), truth: join(folder, `${ep}.gt.json`) });

  const small = { ...at('angelone_240p'), file: join(shared, 'data/video/angelone_240p.mp4') };
  writeTruth(small, withBoxes(angelone.truth, scaledTo(angelone.truth, 320, 240)));

  const harsh = at('angelone_harsh');
  encode(harsh, ['-i', angelone.file, '-vf', 'hflip,eq=brightness=0.05:contrast=1.25:gamma=1.15:saturation=1.2'], 28);
  writeTruth(harsh, withBoxes(angelone.truth, mirrored(angelone.truth.width)));

  const dim = at('bbt_dim');
  const dimmed = 'hflip,eq=brightness=-0.08:contrast=0.8:saturation=0.7,scale=640:360';
  encode(dim, ['-i', bbt.file, '-vf', dimmed], 27);
  const shrink = scaledTo(bbt.truth, 640, 360);
  const flip = mirrored(640);
  writeTruth(
    dim,
    withBoxes(bbt.truth, (face) => flip(shrink(face))),
  );

  const turns = at('in_turns');
  interleave(turns, [angelone, bbt, hamilton]);
  return [small, harsh, dim, turns];
}

type Move = (face: TruthFace) => TruthFace;

function scaledTo(from: Truth, width: number, height: number): Move {
  const [across, down] = [width / from.width, height / from.height];
  return (face) => ({ ...face, x: face.x * across, y: face.y * down, w: face.w * across, h: face.h * down });
}

function mirrored(width: number): Move {
  return (face) => ({ ...face, x: width - face.x - face.w });
}

function withBoxes(truth: Truth, move: Move): Truth {
  return {
    ...truth,
    face_samples: truth.face_samples.map((sample) => ({ ...sample, faces: sample.faces.map(move) })),
  };
}

function writeTruth({ truth }: MadeClip, value: Truth): void {
  writeFileSync(truth, JSON.stringify(value));
}

function encode({ file }: MadeClip, words: readonly string[], quality: number): void {
  if (existsSync(file)) return;
  const codec = ['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(quality)];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...words, ...codec, file], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Longest piece of a shot before another clip has its turn. */
const pieceS = 3.2;
const [width, height, fps] = [640, 480, 25];

interface Piece {
  readonly source: Source;
  /** Ordinal of the shot it is cut from. */
  readonly shot: number;
  readonly start: number;
  readonly frames: number;
}

function piecesOf(source: Source): Piece[] {
  return source.truth.shots.flatMap(({ start_s, end_s }, shot) => {
    const parts = Math.max(1, Math.round((end_s - start_s) / pieceS));
    const length = (end_s - start_s) / parts;
    const frames = Math.round(length * fps);
    return Array.from({ length: parts }, (_, part) => ({ source, shot, start: start_s + part * length, frames }));
  });
}

function interleave(clip: MadeClip, sources: readonly Source[]): void {
  const queues = sources.map(piecesOf);
  const pieces: Piece[] = [];
  // The first has a turn each round, the second every other, the third every fourth.
  for (let round = 0; queues.some(({ length }) => length > 0); round++) {
    for (const [place, queue] of queues.entries()) {
      if (place === 0 || (place === 1 ? round % 2 === 0 : round % 4 === 1)) pieces.push(...queue.splice(0, 1));
    }
  }
  const inputs = pieces.flatMap(({ source, start }) => ['-ss', start.toFixed(4), '-i', source.file]);
  const parts = pieces.map(({ source, frames }, index) => {
    const { width: across, height: down } = fitted(source.truth);
    const scale = `scale=${across}:${down},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p`;
    return `[${index}:v]setpts=PTS-STARTPTS,fps=${fps}:start_time=0,trim=end_frame=${frames},${scale}[v${index}]`;
  });
  const joined = `${pieces.map((_, index) => `[v${index}]`).join('')}concat=n=${pieces.length}:v=1[o]`;
  encode(clip, [...inputs, '-filter_complex', [...parts, joined].join(';'), '-map', '[o]', '-r', String(fps)], 21);
  writeTruth(clip, truthOf(clip.ep, pieces));
}

function fitted({ width: w, height: h }: Truth): { width: number; height: number; scale: number } {
  const scale = Math.min(width / w, height / h);
  return { width: Math.round((w * scale) / 2) * 2, height: Math.round((h * scale) / 2) * 2, scale };
}

function truthOf(name: string, pieces: readonly Piece[]): Truth {
  const starts: number[] = [0];
  for (const { frames } of pieces) starts.push(starts.at(-1)! + frames / fps);
  const everybody = new Map<string, { id: string; name: string; visible: Span[]; uncertain: Span[] }>();
  const samples: Truth['face_samples'][number][] = [];
  for (const [index, { source, start, frames }] of pieces.entries()) {
    const [shift, end] = [starts[index]! - start, start + frames / fps];
    for (const person of source.truth.characters) {
      const own = everybody.get(person.id) ?? { id: person.id, name: person.name, visible: [], uncertain: [] };
      everybody.set(person.id, own);
      for (const kind of ['visible', 'uncertain'] as const) {
        for (const { start_s, end_s } of person[kind]) {
          const [from, to] = [Math.max(start_s, start), Math.min(end_s, end)];
          if (to > from + 1e-6) own[kind].push({ start_s: from + shift, end_s: to + shift });
        }
      }
    }
    const { width: across, height: down, scale } = fitted(source.truth);
    const place: Move = (face) => ({
      ...face,
      x: face.x * scale + (width - across) / 2,
      y: face.y * scale + (height - down) / 2,
      w: face.w * scale,
      h: face.h * scale,
    });
    for (const { t, faces } of source.truth.face_samples) {
      if (t < start || t >= end - 1 / fps) continue;
      const frame = Math.round((t + shift) * fps);
      samples.push({ frame, t: frame / fps, faces: faces.map(place) });
    }
  }
  const total = (spans: readonly Span[]): number => spans.reduce((sum, { start_s, end_s }) => sum + end_s - start_s, 0);
  return {
    format: 'screen-time-ground-truth/1',
    clip: name,
    fps,
    duration_s: starts.at(-1)!,
    width,
    height,
    shots: shotsOf(pieces, starts),
    characters: [...everybody.values()].map((person) => ({
      ...person,
      visible_s: total(person.visible),
      uncertain_s: total(person.uncertain),
    })),
    face_samples: samples,
  };
}

/** Pieces that follow each other and come from one shot are one shot again. */
function shotsOf(pieces: readonly Piece[], starts: readonly number[]): Truth['shots'] {
  const isNew = ({ source, shot }: Piece, index: number): boolean =>
    source !== pieces[index - 1]?.source || shot !== pieces[index - 1]?.shot;
  const firsts = pieces.flatMap((piece, index) => (isNew(piece, index) ? [index] : []));
  return firsts.map((first, place) => ({
    start_s: starts[first]!,
    end_s: starts[firsts[place + 1] ?? pieces.length]!,
    begins_with: 'cut',
  }));
}
