import { describeDriver } from '@switchyard/drivers/conformance';
import { startFakeOllama } from '@switchyard/testing/fakes';
import { OllamaDriver } from './driver.js';

describeDriver('ollama', (options) => new OllamaDriver(options), {
  start: startFakeOllama,
  basePath: '',
});
