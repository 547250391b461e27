// The stage `identities`: clusters and people's edits become identities.json, in the order of first
// appearance, with ids that stay with their people, a face to show, and how close each identity is.
// It clusters nothing.
import { readFile } from 'node:fs/promises';
import {
  castSchema,
  clustersSchema,
  identitiesSchema,
  round6,
  scenesSchema,
  trackRepSchema,
  trackSchema,
  type Clusters,
  type Identity,
  type Track,
  type TrackRep,
} from '../../src/stage/artifacts.js';
import { findTrack, type AnchorPlace } from '../../src/stage/anchors.js';
import { calibratedOf } from '../../src/stage/calibration.js';
import { parseEdits } from '../../src/stage/edits.js';
import { readFloatMatrix } from '../../src/stage/npy.js';
import { parseKeptIds } from '../../src/stage/kept-ids.js';
import { readJson, readJsonLines, writeJson } from '../../src/stage/read-write.js';
import type { Stage, StageInputs } from '../../src/stage/stage.js';
import { coreOf } from './core.js';
import { assignIds, type KeptTracks } from './ids.js';
import { seenTogether } from '../cluster/together.js';
import { applyEdits } from './apply-edits.js';
import { castNames, type CastGroup } from './cast.js';
import { castPeople, cosinesTo, type CastPeople } from './cast-vectors.js';
import { TrackVectors } from './track-vectors.js';

/** Mean calibrated similarity to the centroid below which an identity may hold two people. */
const cohesionMin = 0.8;

type Params = 'embedder' | 'min_identity_sim' | 'cast_name_sim' | 'cast_lead' | 'cast_suggest_sim';

export const stage: Stage<Params> = {
  async run(context) {
    const { ep, inputs, outputs, params } = context;
    const clusters = await readJson(inputs.path('clusters'), clustersSchema);
    const tracks = await readJsonLines(inputs.path('tracks'), trackSchema);
    const reps = await readJsonLines(inputs.path('track_reps'), trackRepSchema);
    const { dim, data } = await readFloatMatrix(inputs.path('vectors'));
    const vectors = new TrackVectors(tracks, reps, { dim, data });
    const { calibration } = context.card('embedder');
    const calibrated = (cosine: number): number => calibratedOf(calibration, cosine);
    const scenesPath = inputs.optional('scenes');
    const scenes = scenesPath === undefined ? undefined : await readJson(scenesPath, scenesSchema);
    const editsPath = inputs.optional('edits');
    const edits =
      editsPath === undefined ? [] : parseEdits({ text: await readFile(editsPath, 'utf8'), file: 'edits.yaml' });

    const places = placesOf(clusters, tracks);
    const {
      groups: edited,
      notApplied,
      areApart,
    } = applyEdits({
      groups: places,
      edits,
      find: (anchor) => findTrack({ tracks, scenes }, anchor),
      similarity: (one, other) => vectors.cosine(one, other),
    });
    const describe = describer({ clusters, tracks, reps, minSim: params.min_identity_sim }, (members) =>
      vectors.similarities(members, calibrated),
    );
    const weights = tracks.map(({ frames }) => frames.length);
    const people = await readCast(inputs);
    const together = seenTogether(tracks);
    const groups = castNames({
      groups: edited,
      people: people.names,
      similarities: (members) =>
        cosinesTo(
          people,
          members.flatMap((track) => {
            const vector = vectors.of(track);
            return vector === undefined ? [] : [{ vector, weight: weights[track]! }];
          }),
        )?.map((cosine) => round6(calibrated(cosine))),
      areApart: (some, others) =>
        areApart(some, others) ||
        together.some(([one, other]) => (some.includes(one) && others.includes(other)) || (some.includes(other) && others.includes(one))), // prettier-ignore
      weights,
      nameSim: params.cast_name_sim,
      lead: params.cast_lead,
      suggestSim: params.cast_suggest_sim,
    });
    const ordered = byFirstAppearance(groups, tracks);
    const ids = assignIds({
      groups: ordered,
      clusters: places,
      numbers: tracks.map(({ track_id }) => Number(track_id.slice(track_id.indexOf('-') + 1))),
      weights,
      coreOf: (members) =>
        members[coreOf(members.map((track) => ({ vector: vectors.of(track), weight: weights[track]! })))]!,
      kept: await keptTracks(inputs.optional('ids'), { tracks, scenes }),
    });
    const identities = ordered.map((group, index) => describe(ids[index]!, group));
    await writeJson(outputs.path('identities'), identitiesSchema, {
      schema_version: 'identities_v1',
      identities,
      edits_not_applied: [...notApplied],
      metadata: {
        ep_id: ep ?? '',
        num_tracks: tracks.length,
        num_identities: identities.length,
        num_singletons: identities.filter(({ track_ids }) => track_ids.length === 1).length,
        cluster_thresh: clusters.cluster_thresh,
        cluster_cosine: clusters.cluster_cosine,
        algorithm: clusters.algorithm,
        linkage: clusters.linkage,
      },
    });
    return { identities_count: identities.length };
  },
};

/** Nobody where the rule has no gallery. */
async function readCast(inputs: StageInputs): Promise<CastPeople> {
  const [cast, vectors] = [inputs.optional('cast'), inputs.optional('cast_vectors')];
  if (cast === undefined || vectors === undefined) return { names: [], vectors: [] };
  return castPeople(await readJson(cast, castSchema), await readFloatMatrix(vectors));
}

/** The tracks that each kept id was given to, as far as they are there. */
async function keptTracks(path: string | undefined, place: AnchorPlace): Promise<KeptTracks[]> {
  if (path === undefined) return [];
  const kept = parseKeptIds({ text: await readFile(path, 'utf8'), file: 'ids.json' });
  return kept.map(({ id, faces }) => ({
    id,
    tracks: faces.flatMap(({ at, box, seconds }) => {
      const track = findTrack(place, { kind: 'place', at, box });
      return typeof track === 'number' ? [{ track, seconds }] : [];
    }),
  }));
}

/** Clusters by place in the list of tracks. */
function placesOf(clusters: Clusters, tracks: readonly Track[]): number[][] {
  const placeOf = new Map(tracks.map(({ track_id }, place) => [track_id, place]));
  return clusters.clusters.map(({ track_ids }) =>
    track_ids.map((id) => {
      const place = placeOf.get(id);
      if (place === undefined) throw new Error(`clusters name ${id}, which is no track`);
      return place;
    }),
  );
}

function byFirstAppearance(groups: readonly CastGroup[], tracks: readonly Track[]): CastGroup[] {
  const firstOf = ({ tracks: members }: CastGroup): Track =>
    members.map((place) => tracks[place]!).reduce((first, track) => (comesBefore(track, first) ? track : first));
  return [...groups].sort((one, other) => (comesBefore(firstOf(one), firstOf(other)) ? -1 : 1));
}

/** By time, then by id: ids are padded, and longer ones come later. */
function comesBefore(one: Track, other: Track): boolean {
  if (one.start_s !== other.start_s) return one.start_s < other.start_s;
  if (one.track_id.length !== other.track_id.length) return one.track_id.length < other.track_id.length;
  return one.track_id < other.track_id;
}

interface Facts {
  readonly clusters: Clusters;
  readonly tracks: readonly Track[];
  readonly reps: readonly TrackRep[];
  readonly minSim: number;
}

function describer(
  { clusters, tracks, reps, minSim }: Facts,
  similaritiesOf: (members: readonly number[]) => number[],
): (id: string, group: CastGroup) => Identity {
  const repOf = new Map(reps.map((rep) => [rep.track_id, rep]));
  const clusterOf = new Map(clusters.clusters.map((cluster) => [[...cluster.track_ids].sort().join(' '), cluster]));
  return (identity_id, group) => {
    const { tracks: members, name, nameFrom, nameSimilarity, suggestions, locked, hidden } = group;
    const track_ids = members.map((place) => tracks[place]!.track_id);
    // What no edit touched keeps the figures of clustering, which knows more (blur) than vectors alone.
    const cluster = clusterOf.get([...track_ids].sort().join(' '));
    const similarity =
      cluster === undefined
        ? similaritiesOf(members)
        : track_ids.map((id) => cluster.track_similarity[cluster.track_ids.indexOf(id)]!);
    const cohesion = similarity.reduce((total, value) => total + value, 0) / similarity.length;
    const min_sim = Math.min(...similarity);
    const own = track_ids.flatMap((id) => repOf.get(id) ?? []);
    return {
      identity_id,
      ...(name === undefined ? {} : { name }),
      ...(nameFrom === undefined ? {} : { name_from: nameFrom }),
      ...(nameSimilarity === undefined ? {} : { name_similarity: nameSimilarity }),
      ...(suggestions === undefined ? {} : { suggestions: [...suggestions] }),
      track_ids,
      track_similarity: similarity.map(round6),
      thumb_path: bestOf(own)?.thumb_path ?? '',
      embedding_stats: {
        num_tracks: track_ids.length,
        num_faces_total: own.reduce((total, { samples }) => total + samples, 0),
        cohesion: round6(cohesion),
        min_sim: round6(min_sim),
      },
      low_cohesion: track_ids.length > 1 && (cohesion < cohesionMin || min_sim < minSim),
      locked,
      ...(hidden ? { hidden } : {}),
      ...(cluster?.outlier_reason === undefined ? {} : { outlier_reason: cluster.outlier_reason }),
    };
  };
}

/** The representative to show: one that is surely the person before any other, then by quality. */
function bestOf(reps: readonly TrackRep[]): TrackRep | undefined {
  return [...reps].sort(
    (one, other) => Number(one.low_confidence) - Number(other.low_confidence) || other.quality - one.quality,
  )[0];
}
