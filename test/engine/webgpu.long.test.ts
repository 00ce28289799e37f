import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

/** The software Vulkan driver inside Debian's chromium package; Dawn also needs the loader, libvulkan1. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

function missing(): string | false {
  if (!existsSync(SWIFTSHADER))
    return `no software Vulkan driver: ${SWIFTSHADER} of Debian's chromium is missing`;
  try {
    require.resolve('webgpu');
  } catch {
    return 'optional package webgpu is not installed';
  }
  return false;
}

/** Losses by network and step, from a process of its own. */
function threeSteps(engine: string): Record<string, number[]> {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [join(__dirname, 'three-steps.js')],
    {
      encoding: 'utf8',
      env: { ...process.env, MIB_ENGINE: engine, VK_ICD_FILENAMES: SWIFTSHADER },
      timeout: 300_000,
    },
  );
  // Dawn's threads once kept the process alive: it must end by itself, not by the time limit's signal.
  assert.equal(status, 0, `${engine} ended by ${signal}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

// Wrong shaders, and gradients that only the WebAssembly kernels get right, would show here.
test('three training steps cost the same loss on WebGPU as on WebAssembly', { skip: missing() }, () => {
  const [expected, actual] = [threeSteps('wasm'), threeSteps('webgpu')];
  for (const [network, losses] of Object.entries(expected)) {
    losses.forEach((loss, step) => {
      const difference = Math.abs(loss - actual[network][step]);
      assert.ok(difference < 1e-3, `${network}, step ${step}: ${actual[network][step]}, expected ${loss}`);
    });
  }
});
