import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeTensor,
  encodeTensor,
  JSON_LENGTH_HEADER,
  packMessage,
  unpackMessage,
} from '../../../src/probe/remote/binary';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('messages are laid out as in the examples of the specification', () => {
  const input0 = { name: 'input0', shape: [2, 2], datatype: 'UINT32' };
  const input1 = { name: 'input1', shape: [3], datatype: 'BOOL' };
  const outputs = [{ name: 'output0', parameters: { binary_data: true } }];
  const bytes = hex('01000000 02000000 03000000 04000000 010001');
  const { headers, body } = packMessage(
    {
      inputs: [
        { ...input0, data: bytes.subarray(0, 16) },
        { ...input1, data: bytes.subarray(16) },
      ],
      outputs,
    },
    'inputs',
  );
  const length = body.length - 19;
  assert.deepEqual(headers, {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(length),
  });
  assert.deepEqual(JSON.parse(body.toString('utf8', 0, length)), {
    inputs: [
      { ...input0, parameters: { binary_data_size: 16 } },
      { ...input1, parameters: { binary_data_size: 3 } },
    ],
    outputs,
  });
  assert.deepEqual(body.subarray(length), bytes);

  const json =
    '{"outputs":[{"name":"output0","shape":[3,2],"datatype":"FP32","parameters":{"binary_data_size":24}}]}';
  // python3 -c "import struct; print(struct.pack('<6f', 1, 1.1, 2, 2.1, 3, 3.1).hex(' ', 4))"
  const answer = hex('0000803f cdcc8c3f 00000040 66660640 00004040 66664640');
  const unpacked = unpackMessage(Buffer.concat([Buffer.from(json), answer]), String(json.length), 'outputs');
  const [output] = unpacked.outputs as { datatype: string; data: Buffer }[];
  assert.deepEqual(decodeTensor(output.datatype, output.data), [1, 1.1, 2, 2.1, 3, 3.1].map(Math.fround));
});

test('JSON and bytes may be mixed, and come back as they went', () => {
  const message = {
    id: 'ü',
    outputs: [
      { name: 'a', data: hex('01') },
      { name: 'b', data: [1, 2] },
      { name: 'c', data: hex('') },
      { name: 'd', data: hex('0203'), parameters: { more: 1 } },
    ],
  };
  const { headers, body } = packMessage(message, 'outputs');
  const { id, outputs } = unpackMessage(body, headers[JSON_LENGTH_HEADER], 'outputs');
  assert.equal(id, 'ü');
  const data = (outputs as { data: unknown }[]).map(output => output.data);
  assert.deepEqual(
    data,
    message.outputs.map(output => output.data),
  );
});

// python3 -c "import struct; print(struct.pack('<' + FORMAT, *VALUES).hex())"
const golden: [datatype: string, values: number[], bytes: string][] = [
  ['BOOL', [1, 0], '0100'],
  ['UINT8', [0, 255], '00ff'],
  ['UINT16', [1, 65535], '0100ffff'],
  ['UINT32', [1, 4294967295], '01000000ffffffff'],
  ['UINT64', [1, 4294967296], '01000000000000000000000001000000'],
  ['INT8', [1, -128], '0180'],
  ['INT16', [1, -2], '0100feff'],
  ['INT32', [1, -2], '01000000feffffff'],
  ['INT64', [1, -2], '0100000000000000feffffffffffffff'],
  ['FP16', [1, -2.5, 65504, 2 ** -24, Infinity], '003c00c1ff7b0100007c'],
  ['FP32', [1, -0.15625], '0000803f000020be'],
  ['FP64', [1, -0.1], '000000000000f03f9a9999999999b9bf'],
];
test('every data type is read as Python packs it; those that we send are written so', () => {
  for (const [datatype, values, bytes] of golden) {
    assert.deepEqual(decodeTensor(datatype, hex(bytes)), values, datatype);
    if (!['UINT8', 'INT32', 'INT64', 'FP32', 'FP64'].includes(datatype)) continue;
    assert.equal(encodeTensor(datatype, values).toString('hex'), bytes, datatype);
  }
  assert.ok(Number.isNaN(decodeTensor('FP16', hex('007e'))[0]));
  const texts = ['0.9:1', '', 'ü'];
  const bytes = '05000000 302e393a31 00000000 02000000 c3bc';
  assert.deepEqual(encodeTensor('BYTES', texts), hex(bytes));
  assert.deepEqual(decodeTensor('BYTES', hex(bytes)), texts);
});

test('what ends within a value is an error', () => {
  assert.throws(() => decodeTensor('FP32', hex('000000')), /3 bytes of FP32, expected 4 for each value/);
  for (const bytes of ['05', '05000000 3030', '00000000 ffffffff 30']) {
    assert.throws(
      () => decodeTensor('BYTES', hex(bytes)),
      /BYTES end within value [01], expected whole values/,
    );
  }
  assert.throws(() => decodeTensor('toString', hex('')), /datatype is "toString", expected one of BOOL/);
  assert.throws(() => encodeTensor('FP16', [1]), /datatype is FP16, expected one that can be written/);
  for (const json of ['[]', 'null', '7', '{"outputs":{}}', '{']) {
    const body = Buffer.from(json);
    assert.throws(() => unpackMessage(body, String(body.length), 'outputs'), /expected a (JSON object|list)/);
  }
});
