export { convolutionBytes, convolve, convolveFilterGradient, convolveInputGradient } from './convolution';
export { multiply, pack, packedBytes, packTransposed, transpose } from './matrix';
