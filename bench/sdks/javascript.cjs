'use strict';
// A fresh visitor (context, decision, stored, event queued) and a read-back, in the official JavaScript SDK.
const {ConvertSDK, default: Default} = require('@convertcom/js-sdk');
const SDK = Default || ConvertSDK;

const config = {
  account_id: '100123',
  project: {id: '200456', key: 'bench', settings: {}},
  experiences: [
    {
      id: '100300000',
      key: 'checkout-button-0',
      audiences: ['501'],
      settings: {matching_options: {audiences: 'any'}},
      variations: [
        {id: '1003000001', key: 'a', traffic_allocation: 50, status: 'running', changes: []},
        {id: '1003000002', key: 'b', traffic_allocation: 50, status: 'running', changes: []}
      ]
    }
  ],
  audiences: [
    {
      id: '501',
      key: 'germans',
      type: 'transient',
      rules: {
        OR: [
          {
            AND: [
              {
                OR_WHEN: [
                  {
                    rule_type: 'generic_text_key_value',
                    matching: {match_type: 'matches', negated: false},
                    key: 'country_name',
                    value: 'Germany'
                  }
                ]
              }
            ]
          }
        ]
      }
    }
  ]
};
const attributes = {country_name: 'germany', plan: 'gold', age: '33'};
// Nothing is to leave the process, nor to be written while the work is timed.
globalThis.fetch = async () => ({ok: true, status: 200, headers: new Map(), json: async () => ({}), text: async () => '{}'});

function median(times) {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

function microseconds(work, rounds, times) {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) work();
    measured.push(Number(process.hrtime.bigint() - start) / 1000 / times);
  }
  return median(measured).toFixed(1);
}

(async () => {
  const sdk = new SDK({data: config, logger: {logLevel: 5}});
  await sdk.onReady();
  const decide = visitor => {
    const context = sdk.createContext(visitor, {...attributes});
    return context.runExperience('checkout-button-0', {locationProperties: {}});
  };
  if (!(decide('first') || {}).key) throw new Error('the JavaScript SDK does not do the work');
  let number = 0;
  const fresh = () => decide(`0b4b6f0e-6d3c-4b1e-9d1e-${String(number++).padStart(12, '0')}`);
  const held = sdk.createContext('held', {...attributes});
  const readBack = () => held.runExperience('checkout-button-0', {locationProperties: {}});
  readBack();
  const {version} = require('@convertcom/js-sdk/package.json');
  console.log(`JavaScript SDK ${version}: fresh visitor ${microseconds(fresh, 50, 200)} µs, read back ${microseconds(readBack, 50, 200)} µs`);
  process.exit(0);
})();
