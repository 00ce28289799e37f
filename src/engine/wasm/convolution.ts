import { backend_util, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs';
import type { Kernel } from './kernel';
import type { WasmModule } from './module';

type Shape4D = [number, number, number, number];
type Info = backend_util.Conv2DInfo;
type Inputs = Record<'x' | 'dy' | 'filter', TensorInfo> & { bias?: TensorInfo };

/** Sizes of the convolution, or undefined where it is not ours: dilated, or channels first. */
function infoOf(x: number[], filter: number[], attrs: NamedAttrMap): Info | undefined {
  const { strides, dilations = 1, pad, dimRoundingMode, dataFormat } = attrs;
  const info = backend_util.computeConv2DInfo(
    x as Shape4D,
    filter as Shape4D,
    strides as [number, number],
    dilations as [number, number],
    pad as 'same',
    dimRoundingMode as 'floor',
    false,
    backend_util.convertConv2DDataFormat((dataFormat ?? 'NHWC') as 'NHWC'),
  );
  const plain = info.dilationHeight === 1 && info.dilationWidth === 1 && info.dataFormat === 'channelsLast';
  return plain ? info : undefined;
}

/** Writes the sizes as `Geometry` of assembly/convolution.ts; returns their address and that of free memory. */
export function writeGeometry(module: WasmModule, info: Info): { geometry: number; work: number } {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const image = [batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels];
  const sizes = [...image, filterHeight, filterWidth, strideHeight, strideWidth, padInfo.top, padInfo.left];
  const bytes = 64; // 13 integers, rounded up
  module.writeIntegers(module.work(bytes), sizes);
  const geometry = module.work(bytes + module.run.convolutionBytes(module.work(bytes)));
  module.writeIntegers(geometry, sizes); // enlarging the block may have moved it
  return { geometry, work: geometry + bytes };
}

/** Upstream convolves by XNNPACK, without fused multiply-add, at about half of this rate. */
const convolution: Kernel = ({ inputs, attrs, backend, module, upstream }) => {
  const { x, filter, bias } = inputs as Inputs;
  const { activation = 'linear' } = attrs as { activation?: string };
  const info = infoOf(x.shape, filter.shape, attrs);
  if (info === undefined || (activation !== 'linear' && activation !== 'relu')) return upstream();
  const out = backend.makeOutput(info.outShape, 'float32');
  const { geometry, work } = writeGeometry(module, info);
  const [from, weights, to] = [x, filter, out].map(tensor => module.address(tensor));
  const start = bias === undefined ? 0 : module.address(bias);
  module.run.convolve(from, weights, start, to, work, Number(activation === 'relu'), geometry);
  return out;
};

function gradient(
  { backend, module, upstream }: Parameters<Kernel>[0],
  run: 'convolveInputGradient' | 'convolveFilterGradient',
  operands: TensorInfo[],
  info: Info | undefined,
): ReturnType<Kernel> {
  if (info === undefined) return upstream();
  const shape = run === 'convolveInputGradient' ? info.inShape : info.filterShape;
  const out = backend.makeOutput(shape, 'float32');
  const { geometry, work } = writeGeometry(module, info);
  const [left, right, to] = [...operands, out].map(tensor => module.address(tensor));
  module.run[run](left, right, to, work, geometry);
  return out;
}

/** Upstream's input gradient is a plain loop over single values. */
const inputGradient: Kernel = call => {
  const { dy, filter } = call.inputs as Inputs;
  const info = infoOf(call.attrs.inputShape as number[], filter.shape, call.attrs);
  return gradient(call, 'convolveInputGradient', [dy, filter], info);
};

/** Upstream has no filter gradient on WebAssembly (4.22), so it cannot train a convolution. */
const filterGradient: Kernel = call => {
  const { x, dy } = call.inputs as Inputs;
  const info = infoOf(x.shape, call.attrs.filterShape as number[], call.attrs);
  return gradient(call, 'convolveFilterGradient', [x, dy], info);
};

export const convolutionKernels: Readonly<Record<string, Kernel>> = {
  Conv2D: convolution,
  FusedConv2D: convolution,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
};
