// What the page shows, worked out before any markup: people with their labels, colours and
// pictures, in the order of the screen-time table. Pure.
import type { Cast, FramesIndex, Identities, Identity, Scenes, Screentime } from '../../src/stage/artifacts.js';
import type { DetectorCard, EmbedderCard } from '../../src/stage/model.js';

export interface ReportInput {
  readonly screentime: Screentime;
  readonly identities: Identities;
  readonly scenes: Scenes;
  readonly frames: FramesIndex;
  /** undefined where the pipeline has no cast gallery. */
  readonly cast?: Cast | undefined;
  readonly detector: DetectorCard;
  readonly embedder: EmbedderCard;
  /** Data URI of each thumbnail by thumb_path; a person without one is shown by initials. */
  readonly thumbs: ReadonlyMap<string, string>;
}

export interface PersonView {
  readonly id: string;
  /** The name, or the id of somebody unnamed. */
  readonly label: string;
  readonly named: boolean;
  /** Of somebody unnamed: whom the cast gallery finds most likely. */
  readonly suggested: string | undefined;
  readonly initials: string;
  /** Hue of the person's lane, in degrees. */
  readonly hue: number;
  readonly thumb: string | undefined;
  /** Seen and bridged together: what `share` is a share of. */
  readonly total_s: number;
  readonly time: Screentime['identities'][number];
  readonly identity: Identity | undefined;
}

export interface ReportView extends ReportInput {
  readonly people: readonly PersonView[];
  /** Seconds in which at least one face is on screen. */
  readonly faces_s: number;
  readonly labelOf: ReadonlyMap<string, string>;
}

/** Neighbours in the list lie far apart on the wheel; a thirteenth person has the first one's hue. */
const hues = [255, 30, 155, 325, 85, 205, 5, 125, 285, 60, 180, 345];

/** A page with more pictures would be tens of megabytes; the people after these have initials. */
const thumbsMax = 200;

export function reportView(input: ReportInput): ReportView {
  const identityOf = new Map(input.identities.identities.map((each) => [each.identity_id, each]));
  const people = input.screentime.identities.map((time, index): PersonView => {
    const label = labelled(time.id, time.name);
    const named = label !== time.id;
    const identity = identityOf.get(time.id);
    return {
      id: time.id,
      label,
      named,
      suggested: named ? undefined : identity?.suggestions?.[0]?.name,
      initials: initialsOf(label, index),
      hue: hues[index % hues.length]!,
      thumb: index < thumbsMax ? plainPicture(input.thumbs.get(time.thumb_path)) : undefined,
      total_s: time.screen_time_s + time.bridged_s,
      time,
      identity,
    };
  });
  const labelOf = new Map([
    ...input.identities.identities.map((each) => [each.identity_id, labelled(each.identity_id, each.name)] as const),
    ...people.map(({ id, label }) => [id, label] as const),
  ]);
  return { ...input, people, faces_s: facesSeconds(input.screentime), labelOf };
}

/** It will stand in a style sheet unescaped: anything but plain base64 is no picture. */
function plainPicture(uri: string | undefined): string | undefined {
  return uri !== undefined && /^data:image\/(jpeg|png);base64,[A-Za-z0-9+/=]+$/.test(uri) ? uri : undefined;
}

function labelled(id: string, name: string | undefined): string {
  return name === undefined || name.trim() === '' ? id : name.trim();
}

/** Up to two first letters; somebody unnamed has their place in the table. */
function initialsOf(label: string, index: number): string {
  if (/^id_\d+$/.test(label)) return String(index + 1);
  const words = label.split(/\s+/).slice(0, 2);
  return words.map((word) => String.fromCodePoint(word.codePointAt(0)!).toUpperCase()).join('');
}

function facesSeconds({ identities, others }: Screentime): number {
  const spans = [...identities, others]
    .flatMap(({ intervals }) => intervals)
    .sort((a, b) => a.start_s - b.start_s || a.end_s - b.end_s);
  let [end, sum] = [0, 0];
  for (const span of spans) {
    sum += Math.max(0, span.end_s - Math.max(end, span.start_s));
    end = Math.max(end, span.end_s);
  }
  return sum;
}
