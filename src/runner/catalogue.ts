// The one door from src to rules: the table of built-in stages, by name. Their code is loaded only
// when one runs.
import type { StageCatalogue } from '../stage/stage.js';

export async function loadCatalogue(): Promise<StageCatalogue> {
  return (await import('../../rules/stages.js')).stages;
}
