// sa models list|pull|verify.
import { problem } from '../../base/problem.js';
import { ensureInstalled } from '../../models/install.js';
import { listModels, verifyModels } from '../../models/list.js';
import { acceptTerms } from '../../models/terms.js';
import { printJson, table, type Io } from '../io.js';
import { openFromFlags, text, texts, type Flags } from '../options.js';
import { describeModelEvent } from '../words.js';

export async function models(io: Io, flags: Flags): Promise<number> {
  const { registry } = await openFromFlags(io, flags);
  for (const word of texts(flags['accept-terms'])) {
    for (const name of acceptTerms(registry, word)) io.err.write(`terms accepted: ${name}\n`);
  }
  const names = texts(flags['names']);
  const action = text(flags['action']) ?? '';
  switch (action) {
    case 'list': {
      const listed = listModels(registry);
      if (flags['json'] === true) printJson(io, { version: 1, models: listed });
      else {
        const rows = listed.map(({ name, role, installed, obtainable, licence, chosen_as: chosen }) => [
          name,
          role,
          installed ? 'installed' : obtainable ? 'can be fetched' : 'must be put in models/',
          licence,
          chosen.join(', '),
        ]);
        for (const line of table([['model', 'role', 'state', 'licence', 'pinned for'], ...rows]))
          io.out.write(`${line}\n`);
      }
      return 0;
    }
    case 'pull': {
      if (names.length === 0) throw problem('usage', 'sa models pull needs the name of a model', 'see: sa models list');
      for (const entry of names.flatMap((name) => registry.named(name))) {
        await ensureInstalled(registry, entry, {
          signal: io.signal,
          onEvent: (event) => {
            const line = describeModelEvent(event);
            if (line !== undefined) io.err.write(`${line}\n`);
          },
        });
        io.out.write(`${entry.name} is installed\n`);
      }
      return 0;
    }
    case 'verify': {
      const result = verifyModels(registry, names);
      if (flags['json'] === true) printJson(io, result);
      else {
        for (const { model, file, state, fault } of result.files) {
          if (state !== 'missing')
            io.out.write(`${state.padEnd(7)} ${model}  ${file}${fault === null ? '' : `  ${fault}`}\n`);
        }
      }
      return result.ok ? 0 : 1;
    }
    default:
      throw problem('usage', `sa models knows no ${JSON.stringify(action)}`, 'there are: list, pull, verify');
  }
}
