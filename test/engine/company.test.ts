import { expect, test } from 'vitest';
import type { ChunkRequest } from '../../src/engine/chunks.js';
import { Company, type Guest } from '../../src/engine/company.js';
import { Hold, Slots, type Taken } from '../../src/engine/slots.js';

const never = new AbortController().signal;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Actions that bring these stretches, one share of `cpu` each; what ran together, and what became of each. */
function world(cpus = 1): {
  readonly ran: string[][];
  readonly company: (actions: number, fails?: string) => Company;
  readonly slots: Slots;
  readonly guest: (name: string, stretch?: string, signal?: AbortSignal, wanted?: Record<string, number>) => Guest;
} {
  const slots = new Slots({ cpu: { amount: cpus }, gpu: { amount: 1, members: ['7'] } }, never);
  const ran: string[][] = [];
  let guests = 0;
  return {
    ran,
    slots,
    company: (actions, fails) =>
      new Company(actions, async (requests) => {
        const names = requests.map(({ chunk }) => chunk as string);
        ran.push(names);
        await nextTurn();
        return names.map((name) =>
          name === fails
            ? { status: 'rejected', reason: new Error(name) }
            : { status: 'fulfilled', value: { counts: { [name]: 1 } } },
        );
      }),
    guest: (name, stretch, signal = never, wanted = {}) => ({
      stretch,
      hold: new Hold(slots, wanted, { urgency: 0, place: 0 }),
      order: ++guests / 100,
      signal,
      begin: ({ resources }: Taken) =>
        ({ chunk: name, place: { folder: '', resources, progress: () => undefined } }) as unknown as ChunkRequest,
    }),
  };
}

test('chunks of the same stretch run together in one share, others by themselves', async () => {
  const { company, guest, ran } = world();
  const all = company(2);
  const [one, two] = [all.member(), all.member()];
  const ofOne = [guest('a1', '0-9'), guest('a2', '10-19'), guest('a3', undefined)];
  const ofTwo = [guest('b2', '10-19'), guest('b4', '30-39'), guest('b3', undefined)];
  await Promise.all([one.arrive(ofOne), two.arrive(ofTwo)]);
  const results = await Promise.all([...ofOne.map((each) => one.run(each)), ...ofTwo.map((each) => two.run(each))]);
  expect(ran).toEqual([['a1'], ['a2', 'b2'], ['a3'], ['b4'], ['b3']]);
  expect(results.map(({ result, together }) => [Object.keys(result.counts)[0], together])).toEqual([
    ['a1', 1], ['a2', 2], ['a3', 1], ['b2', 2], ['b4', 1], ['b3', 1],
  ]); // prettier-ignore
});

test('nobody starts before all have come or left', async () => {
  const { company, guest, ran } = world();
  const all = company(3);
  const [one, two, three] = [all.member(), all.member(), all.member()];
  const own = guest('a', 's');
  const started = one.arrive([own]).then(() => one.run(own));
  two.leave();
  two.leave();
  await nextTurn();
  expect(ran).toEqual([]);
  three.leave();
  expect((await started).together).toBe(1);
  expect(ran).toEqual([['a']]);
});

test('a chunk that fails, or is not wanted any more, leaves those beside it alone', async () => {
  const { company, guest, ran } = world();
  const stopped = new AbortController();
  stopped.abort(new Error('stopped'));
  const all = company(3, 'bad');
  const members = [all.member(), all.member(), all.member()];
  const guests = [guest('good', 's'), guest('bad', 's'), guest('late', 's', stopped.signal)];
  await Promise.all(members.map((member, at) => member.arrive([guests[at]!])));
  const results = await Promise.allSettled(members.map((member, at) => member.run(guests[at]!)));
  expect(ran).toEqual([['good', 'bad']]);
  expect(results.map((one) => (one.status === 'rejected' ? (one.reason as Error).message : 'done'))).toEqual([
    'done', 'bad', 'stopped',
  ]); // prettier-ignore
});

test('the share suits the most demanding of those who run together, and is given back', async () => {
  const { company, guest, slots } = world(2);
  const all = company(2);
  const [one, two] = [all.member(), all.member()];
  const seen: Taken[] = [];
  const noting = (each: Guest): Guest => ({ ...each, begin: (share) => (seen.push(share), each.begin(share)) });
  const [a, b] = [noting(guest('a', 's')), noting(guest('b', 's', never, { cpu: 2, gpu: 1 }))];
  await Promise.all([one.arrive([a]), two.arrive([b])]);
  await Promise.all([one.run(a), two.run(b)]);
  expect(seen.map(({ resources }) => [resources['cpu']!.amount, resources['gpu']!.members])).toEqual([
    [2, ['7']],
    [2, ['7']],
  ]);
  const whole = await slots.take({ cpu: 2, gpu: 1 }, { urgency: 0, place: 0 });
  whole.release();
});
