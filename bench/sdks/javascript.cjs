'use strict';
// The official JavaScript SDK at work: for each line `fresh N` or `back N` it decides for N visitors it has not seen (context,
// decision, stored, event queued), or reads one decision back N times, and says how many nanoseconds that took.
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

(async () => {
  const sdk = new SDK({data: config, logger: {logLevel: 5}});
  await sdk.onReady();
  const decide = visitor => {
    const context = sdk.createContext(visitor, {...attributes});
    return context.runExperience('checkout-button-0', {locationProperties: {}});
  };
  if (!(decide('first') || {}).key) throw new Error('the JavaScript SDK does not do the work');
  const held = sdk.createContext('held', {...attributes});
  let number = 0;
  const work = {
    fresh: () => decide(`0b4b6f0e-6d3c-4b1e-9d1e-${String(number++).padStart(12, '0')}`),
    back: () => held.runExperience('checkout-button-0', {locationProperties: {}})
  };
  work.back();
  const {version} = require('@convertcom/js-sdk/package.json');
  console.log(`JavaScript SDK ${version}, node ${process.version.slice(1)}`);
  // What the SDK does behind a call comes between the lines, untimed.
  require('readline').createInterface({input: process.stdin}).on('line', line => {
    const [kind, times] = line.split(' ');
    const once = work[kind];
    const start = process.hrtime.bigint();
    for (let i = 0; i < Number(times); i++) once();
    console.log(String(process.hrtime.bigint() - start));
  });
})();
