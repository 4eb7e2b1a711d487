export { type Installation, readInstallation } from '@switchyard/bus';
