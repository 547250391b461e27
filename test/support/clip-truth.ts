// Whom a built clip's identities are, by the hand-made labels: each labelled face is looked up among
// the tracks at its frame. Not part of the program.
import { readFileSync } from 'node:fs';
import type { Identities, Track } from '../../src/stage/artifacts.js';
import { shared } from './shared.js';
import type { World } from './workspace.js';

interface Truth {
  readonly width: number;
  readonly height: number;
  readonly face_samples: readonly {
    readonly frame: number;
    readonly faces: readonly { char: string | null; x: number; y: number; w: number; h: number }[];
  }[];
}

/** A labelled face that a track covers. */
export interface Mention {
  readonly person: string;
  readonly track: string;
  readonly identity: string;
  readonly name: string | undefined;
}

/** Every labelled face of `truth` (a file of data/truth) that an identity of the built episode has. */
export function mentions(world: World, ep: string, truth: string): Mention[] {
  const { width, height, face_samples } = JSON.parse(readFileSync(shared(`data/truth/${truth}`), 'utf8')) as Truth;
  const tracks = world.read(`data/manifests/${ep}/tracks.jsonl`).trim().split('\n').map((line) => JSON.parse(line) as Track); // prettier-ignore
  const { identities } = readIdentities(world, ep);
  const owner = new Map(identities.flatMap((each) => each.track_ids.map((id) => [id, each] as const)));
  return face_samples.flatMap(({ frame, faces }) =>
    faces.flatMap(({ char, x, y, w, h }) => {
      const at = [(x + w / 2) / width, (y + h / 2) / height] as const;
      const track = tracks.find(
        ({ frames }) =>
        frames.some(([index, [x1, y1, x2, y2]]) => Math.abs(index - frame) <= 2 && x1 < at[0] && at[0] < x2 && y1 < at[1] && at[1] < y2), // prettier-ignore
      );
      const identity = track && owner.get(track.track_id);
      if (char === null || track === undefined || identity === undefined) return [];
      return [{ person: char, track: track.track_id, identity: identity.identity_id, name: identity.name }];
    }),
  );
}

export function readIdentities(world: World, ep: string): Identities {
  return JSON.parse(world.read(`data/manifests/${ep}/identities.json`)) as Identities;
}

/** The identity that has most of each person's labelled faces. */
export function identityOfPerson(all: readonly Mention[]): Map<string, string> {
  return new Map(
    [...new Set(all.map(({ person }) => person))].map((person) => {
      const counts = new Map<string, number>();
      for (const each of all)
        if (each.person === person) counts.set(each.identity, (counts.get(each.identity) ?? 0) + 1);
      return [person, [...counts].sort(([, one], [, other]) => other - one)[0]![0]];
    }),
  );
}
