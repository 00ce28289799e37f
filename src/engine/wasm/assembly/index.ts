export { columnAffine, columnProducts, columnSums } from './columns';
export { convolutionBytes, convolve, convolveFilterGradient, convolveInputGradient } from './convolution';
export { reluGradient, sgdUpdate } from './elements';
export { keepTilesAt, multiply, pack, packedBytes, packTransposed, transpose } from './matrix';
export { poolGradient } from './pooling';
