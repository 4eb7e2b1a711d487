import { describeDriver } from '@switchyard/drivers/conformance';
import { startFakeOpenAi } from '@switchyard/testing/fakes';
import { OpenAiCompatibleDriver } from './driver.js';

describeDriver('openai-compatible', (options) => new OpenAiCompatibleDriver(options), {
  start: startFakeOpenAi,
  basePath: '/v1',
});
