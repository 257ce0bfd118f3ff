'use strict';
// Bundles a checkout of the JavaScript SDK's sources into one CommonJS file for ORACLE_SDK.
//
// usage: node bundle_sdk.cjs CHECKOUT OUTPUT        needs esbuild: npm install --no-save esbuild
const path = require('path');
const {build} = require('esbuild');

const [checkout, output] = process.argv.slice(2);
if (!output) {
  process.stderr.write('usage: node bundle_sdk.cjs CHECKOUT OUTPUT\n');
  process.exit(2);
}
const source = (name) => path.resolve(checkout, 'packages', name, 'index.ts');
const nowhere = JSON.stringify('http://127.0.0.1:9/');

build({
  entryPoints: [source('js-sdk')],
  outfile: output,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // The packages of the checkout, not those that npm has.
  plugins: [
    {
      name: 'sources',
      setup: ({onResolve}) =>
        onResolve({filter: /^@convertcom\/js-sdk-/}, ({path: name}) => ({
          path: source(name.replace('@convertcom/js-sdk-', ''))
        }))
    }
  ],
  define: {
    'process.env.VERSION': JSON.stringify('bundled'),
    'process.env.CONFIG_ENDPOINT': nowhere,
    'process.env.TRACK_ENDPOINT': nowhere
  }
}).catch(() => process.exit(1));
