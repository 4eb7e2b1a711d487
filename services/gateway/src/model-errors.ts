import { AppError } from '@switchyard/domain';

/** The error for a model that nobody offers; `field` is its name in the request. */
export const noSuchModel = (model: string, field = 'model'): AppError =>
  new AppError('not_found', `the model "${model}" does not exist or no backend offers it`, {
    details: [{ field, problem: 'no backend offers it' }],
  });

/** The router's `not_found` is always about the model. */
export const modelAware = (error: AppError, model: string): AppError =>
  error.code === 'not_found' ? noSuchModel(model) : error;
