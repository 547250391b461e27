// The innermost loops over pixels and over the numbers of a row, in AssemblyScript, which becomes WebAssembly with vectors of 16 bytes: a
// third to a tenth of the time of the same loops in JavaScript. Whole numbers, or floats whose every
// step is rounded as IEEE 754 says, so that every processor gives the same bytes. All memory is the
// caller's, from the 1,025th byte on, as the compiler takes for granted: a function is told where things lie and how long
// they are, and keeps nothing. Pictures are tight rows from top to bottom. Whoever changes one of these files runs `npm run kernels`.
export { addRow, distancesTo, dotTile, keepNearest, unitRow } from './dots';
export { exchangeHsv } from './hsv';
export { blockMeans, sumColumns, warp } from './pictures';
export { toBytePlanes, toPlanes, yuvToPlanes } from './planes';
export { convertPart, sampleTwoTap } from './yuv';
