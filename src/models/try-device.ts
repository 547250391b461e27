// A program that says on stdout why a device cannot be used here, or nothing where it can. A process of its own, since a driver
// that fails may write on stderr, or end the process that tries it.
import { providerOf, type ResolvedDevice } from './devices.js';
import { whyUnusable } from './session.js';

process.stdout.write((await whyUnusable(providerOf(process.argv[2] as ResolvedDevice, undefined))) ?? '');
