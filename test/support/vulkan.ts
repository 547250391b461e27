// A processor that plays a GPU: SwiftShader, which Debian's Chromium brings along, for what runs on WebGPU.
import { existsSync } from 'node:fs';

const folder = '/usr/lib/chromium';
const driver = `${folder}/vk_swiftshader_icd.json`;

/** What a process needs in its environment to find that GPU, and no other; undefined where there is none. */
export const playedGpu: Readonly<Record<string, string>> | undefined = existsSync(driver)
  ? { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: folder }
  : undefined;

/** Why a test that needs it is skipped. */
export const noPlayedGpu = `no processor plays a GPU here (apt-get install chromium): ${driver} is not there`;
